"""The catalogue of personal data: which columns of which tables hold it, and of what kind.

`free_text` may hold anything, and so may hold personal data that nobody meant to be there: the weekly scan
looks for it. The kinds are the values of the warehouse's tag `PII`, by which masking policies are attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Columns = Mapping[str, str]

COLUMNS: Mapping[str, Columns] = MappingProxyType(
    {
        "raw_core.customers": {
            "FULL_NAME": "name",
            "DATE_OF_BIRTH": "birth_date",
            "EMAIL": "email",
            "PHONE": "phone",
            "TAX_ID_MASKED": "tax_id",
        },
        "raw_core.addresses": {"LINE1": "address", "POSTAL_CODE": "address"},
        "raw_core.payment_instructions": {"CREDITOR_NAME": "name"},
        "raw_files.sanctions_list": {"FULL_NAME": "name"},
    }
)
FREE_TEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "raw_core.card_authorizations": ("NOTE",),
        "raw_files.bank_statements": ("REFERENCE",),
    }
)

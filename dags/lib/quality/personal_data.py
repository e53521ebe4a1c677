"""The catalogue of personal data: which columns hold it, of what kind, and which texts may hold it unmeant.

A column is known by its name, which it keeps from the source to the marts. Nothing in
the warehouse masks such a column yet: what leaves here is masked (`lib.quality.masking`). A tag and its
policies would be attached to what `catalogue` finds, by kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ADDRESS_LINE1": "address",
        "CARD_NUMBER_MASKED": "card",
        "CREDITOR_NAME": "name",
        "CREDIT_SCORE": "credit",
        "DATE_OF_BIRTH": "birth_date",
        "EMAIL": "email",
        "FULL_NAME": "name",
        "LINE1": "address",
        "LISTED_NAME": "name",
        "PAN_MASKED": "card",
        "PHONE": "phone",
        "POSTAL_CODE": "address",
        "SCORE": "credit",
        "SESSION_ID": "session",
        "TAX_ID_MASKED": "tax_id",
    }
)
FREE_TEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "raw_core.card_authorizations": ("NOTE",),
        "raw_core.merchants": ("NAME",),
        "raw_core.transactions": ("CATEGORY",),
        "raw_files.bank_statements": ("REFERENCE",),
    }
)
"""Columns that people or terminals fill in as they like, by table: the weekly scan looks into them."""

Tagged = tuple[str, str, str, str]
"""Schema, table, column, kind."""


def catalogue(connection) -> list[Tagged]:
    """All columns of the database that hold personal data, where they are now: staging tables left out."""
    places = ", ".join("?" for _ in KINDS)
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME" FROM "INFORMATION_SCHEMA"."COLUMNS" '
            f'WHERE UPPER("COLUMN_NAME") IN ({places}) AND POSITION(\'__STG_\' IN "TABLE_NAME") = 0 '
            "ORDER BY 1, 2, 3",
            tuple(KINDS),
        )
        return [(schema, table, column, KINDS[column.upper()]) for schema, table, column in cursor.fetchall()]

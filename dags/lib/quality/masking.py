"""Makes rows fit to be shown: personal data is replaced, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib.quality.personal_data import KINDS

# Whatever a text holds: nine digits or more in a row, spaces and dashes aside; addresses of e-mail; IBANs.
_DIGITS = re.compile(r"\d(?:[ -]?\d){8,}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
LONGEST = 80


def masked(row: Mapping[str, Any]) -> dict[str, str]:
    """A row's values as texts: a column of personal data as ***, numbers and addresses in others too."""
    return {
        name: "***" if name.upper() in KINDS and value is not None else masked_text(value)
        for name, value in row.items()
    }


def masked_text(value: Any) -> str:
    """A value as text without what looks like personal data; a whole number is taken for a key."""
    if value is None:
        return "NULL"
    text = str(value)
    if not isinstance(value, int):
        for pattern in (_IBAN, _EMAIL, _DIGITS):
            text = pattern.sub("***", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."

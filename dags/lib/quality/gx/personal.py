"""An expectation that looks for personal data in texts: addresses of e-mail, card numbers, IBANs, tax ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib.quality.gx.expectations import ExpectQueryToReturnNoRows, column, columns

# Understood alike by the warehouse, which finds what may be some, and by Python, which makes sure.
PATTERNS = {
    "email": "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}",
    "card_number": "(^|[^0-9])[0-9]([ -]?[0-9]){12,18}([^0-9]|$)",
    "iban": "(^|[^A-Z0-9])[A-Z]{2}[0-9]{2}( ?[A-Z0-9]){11,30}",
    "tax_id": "(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}([^0-9]|$)",
}
_CANDIDATES = 1000


class ExpectNoPersonalData(ExpectQueryToReturnNoRows):
    """No text of a column holds personal data. The warehouse finds candidates; check digits decide."""

    column: str
    key: list[str]

    @classmethod
    def written(cls, values: Mapping[str, Any]) -> str:
        text = column(values["column"])
        found = " OR ".join(f"REGEXP_COUNT({text}, '{pattern}') > 0" for pattern in PATTERNS.values())
        return (
            f"SELECT {columns([*values['key'], values['column']])} FROM {values['looked_at']} AS looked_at "
            f"WHERE {text} IS NOT NULL AND ({found}) ORDER BY 1 LIMIT {_CANDIDATES}"
        )

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        rows = [{name.upper(): value for name, value in dict(row).items()} for row in metrics["query.asked"]]
        found = [
            {**row, "KINDS": ", ".join(kinds)}
            for row in rows
            if (kinds := kinds_in(row[self.column.upper()]))
        ]
        observed = {"observed_value": len(found), "unexpected_count": len(found)}
        return {"success": not found, "result": {**observed, "details": {"rows": found}}}


def kinds_in(text: str) -> list[str]:
    """The kinds of personal data that a text holds."""
    return [kind for kind, pattern in PATTERNS.items() if any(map(_CHECKS[kind], _finds(pattern, text)))]


def _finds(pattern: str, text: str) -> list[str]:
    return [found[0] for found in re.finditer(pattern, text)]


def is_card_number(text: str) -> bool:
    """Whether its digits end with Luhn's check digit, and are not all the same."""
    digits = [int(one) for one in text if one.isdigit()]
    doubled = [sum(divmod(2 * one, 10)) for one in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the remainder of ISO 7064 is 1 for the text, or for a part of it from its beginning."""
    plain = re.sub("[^A-Z0-9]", "", text)
    return any(_remainder(plain[:length]) == 1 for length in range(15, min(len(plain), 34) + 1))


def _remainder(plain: str) -> int:
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97


def is_tax_id(text: str) -> bool:
    """Whether such a number of the Social Security Administration may have been given to anybody."""
    area, group, serial = re.findall("[0-9]+", text)
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


_CHECKS = {
    "email": lambda _: True,
    "card_number": is_card_number,
    "iban": is_iban,
    "tax_id": is_tax_id,
}

"""Tells personal data in texts: e-mail addresses, card numbers, IBANs, tax ids; by form and check digits."""

from __future__ import annotations

import re

# Understood alike by the warehouse, which finds what may be some, and by Python, which makes sure.
PATTERNS = {
    "email": "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}",
    "card_number": "(^|[^0-9])[0-9]([ -]?[0-9]){12,18}([^0-9]|$)",
    "iban": "(^|[^A-Z0-9])[A-Z]{2}[0-9]{2}( ?[A-Z0-9]){11,30}",
    "tax_id": "(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}([^0-9]|$)",
}


def kinds_in(text: str) -> list[str]:
    """The kinds of personal data that a text holds."""
    return [
        kind
        for kind, pattern in PATTERNS.items()
        if any(_CHECKS[kind](found[0]) for found in re.finditer(pattern, text))
    ]


def is_card_number(text: str) -> bool:
    """Whether its digits end with Luhn's check digit, and are not all the same."""
    digits = [int(one) for one in text if one.isdigit()]
    doubled = [sum(divmod(2 * one, 10)) for one in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the text, or a part of it from its beginning, leaves the remainder 1 (ISO 13616)."""
    plain = re.sub("[^A-Z0-9]", "", text)
    return any(_remainder(plain[:length]) == 1 for length in range(15, min(len(plain), 34) + 1))


def _remainder(plain: str) -> int:
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97


def is_tax_id(text: str) -> bool:
    """Whether the Social Security Administration may have given such a number to anybody."""
    area, group, serial = re.findall("[0-9]+", text)
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


_CHECKS = {
    "email": lambda _: True,
    "card_number": is_card_number,
    "iban": is_iban,
    "tax_id": is_tax_id,
}

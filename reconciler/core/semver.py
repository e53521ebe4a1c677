"""Which of two versions comes before the other, as semver.org (11) has it.

Called where a version's parent is looked for.
"""

from __future__ import annotations

_Identifier = tuple[bool, int, str]


def precedence(version: str) -> tuple[tuple[int, ...], bool, tuple[_Identifier, ...]]:
    """A key to sort versions by; what is behind a plus does not count."""
    numbers, _, pre = version.partition("+")[0].partition("-")
    identifiers = pre.split(".") if pre else []
    return (
        tuple(map(int, numbers.split("."))),
        not pre,
        tuple((not one.isdecimal(), int(one) if one.isdecimal() else 0, one) for one in identifiers),
    )

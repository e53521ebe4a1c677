"""What a check is: a name, a unit, and a function that judges the outside. Used by scenes and their tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from local.demo.outside import Outside

X = TypeVar("X")


@dataclass(frozen=True)
class Judgement:
    """`measured` is in the check's unit, unless that is seconds: those are measured by who waits.

    `why` says what was found where it did not hold.
    """

    held: bool
    measured: float = 0
    why: str = ""


@dataclass(frozen=True)
class Check(Generic[X]):
    """One row of the report. `judge` gets the outside and what is expected of it.

    `measures`: what the measured value is called in the last table; empty: it is not shown there.
    """

    name: str
    unit: str
    judge: Callable[[Outside, X], Judgement]
    measures: str = ""


def listing(items: object) -> str:
    """The first few of many, for a `why`."""
    found = sorted(str(item) for item in items) if isinstance(items, (set, frozenset, list, tuple)) else []
    return ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")

"""Random values that are the same each time, whatever else was drawn before."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of values for one purpose. Uses only `random()`, whose values no Python release changes."""

    def __init__(self, *purpose: object) -> None:
        self._next = random.Random("|".join(map(str, purpose))).random  # noqa: S311 - not a secret

    def below(self, limit: int) -> int:
        """A number from 0 up to, but without, `limit`."""
        return int(self._next() * limit)

    def of(self, choices: Sequence[T]) -> T:
        return choices[int(self._next() * len(choices))]

    def chance(self, share: float) -> bool:
        return self._next() < share

    def amount(self, low: int, high: int) -> Decimal:
        """Money between two whole numbers, with cents."""
        return money(low * 100 + self.below((high - low) * 100))

    def within(self, hour: datetime) -> datetime:
        """A moment of an hour, to the second."""
        return hour + timedelta(seconds=self.below(3600))


def number_of(limit: int, *what: object) -> int:
    """A number from 0 up to, but without, `limit` that depends on nothing but `what`."""
    return zlib.crc32("|".join(map(str, what)).encode()) % limit


def money(cents: int) -> Decimal:
    """An amount with two decimals."""
    return Decimal(cents).scaleb(-2)

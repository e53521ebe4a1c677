"""The bank that everything is derived from: its seed, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from local.sources.draw import Draw, number_of
from local.sources.times import slot

ROOM = 1_000_000
"""Keys per hour and table. Below lie the keys of what was there from the beginning."""
# Busy by day, quiet by night; 1 on average.
_PACE = (.4, .3, .3, .3, .4, .5, .7, .9, 1.1, 1.3, 1.4, 1.5,
         1.6, 1.5, 1.4, 1.3, 1.3, 1.4, 1.5, 1.4, 1.2, 1., .8, .5)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How many of each there are: the first three from the beginning, the others in an average hour."""

    individuals: int
    merchants: int
    loans: int
    authorizations: int
    instructions: int
    sales: int
    deposits: int
    fees: int
    clicks: int


SIZES = {
    "tiny": Size(24, 8, 28, 2, 1, 1, 1, 1, 3),
    "small": Size(2_000, 100, 280, 2_200, 700, 500, 300, 300, 2_000),
    "load": Size(100_000, 2_000, 14_000, 55_000, 17_500, 12_500, 7_500, 7_500, 50_000),
}
"""Transactions a day: about 130, 96,000 and 2.4 million."""


@dataclass(frozen=True)
class Bank:
    """One bank: the same seed and size are the same bank."""

    seed: int = 1
    size: Size = SIZES["tiny"]

    @property
    def customers(self) -> int:
        """Individuals, then one business for each merchant; all have an account of the same number."""
        return self.size.individuals + self.size.merchants

    def draw(self, *what: object) -> Draw:
        """Random values of one table in one hour; no other draw influences them."""
        return Draw(self.seed, *what)

    def number(self, limit: int, *what: object) -> int:
        """A number from 0 up to `limit` that belongs to one thing and never changes."""
        return number_of(limit, self.seed, *what)

    def count(self, rate: int, hour: datetime) -> int:
        """How many of something an hour has: at least one, and 5 % more or less than the time of day says."""
        noise = 0.95 + self.number(1001, "count", slot(hour)) / 10_000
        return max(1, round(rate * _PACE[hour.hour] * noise))


def key(hour: datetime, number: int) -> int:
    """The primary key of the hour's row `number` (from 0): says the hour, so that hours never collide."""
    return slot(hour) * ROOM + number

"""Time as the sources know it: whole hours in UTC, numbered since the bank's first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

FIRST_HOUR = datetime(2024, 1, 1, tzinfo=UTC)
"""No interval begins earlier: all customers, accounts, cards and loans to begin with are older."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Interval:
    """Whole hours from `start` up to, but without, `end`; both aware. Raises ValueError."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment.tzinfo is None or (moment - FIRST_HOUR) % HOUR:
                raise ValueError(f"not a whole hour with a time zone: {moment}")
        if not FIRST_HOUR <= self.start < self.end:
            raise ValueError(f"not an interval since {FIRST_HOUR}: {self.start} to {self.end}")

    @classmethod
    def of_day(cls, day: date, days: int = 1) -> Interval:
        """Whole days from `day` on."""
        start = midnight(day)
        return cls(start, start + days * DAY)

    def hours(self) -> Iterator[datetime]:
        """The begin of each hour, in UTC."""
        hour = self.start.astimezone(UTC)
        while hour < self.end:
            yield hour
            hour += HOUR

    def days(self) -> Iterator[date]:
        """The days that are in it as a whole."""
        for hour in self.hours():
            if hour.hour == 0 and hour + DAY <= self.end:
                yield hour.date()


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), UTC)


def slot(hour: datetime) -> int:
    """The number of an hour: 1 for the first one."""
    return (hour - FIRST_HOUR) // HOUR + 1


def is_banking_day(day: date) -> bool:
    """Monday to Friday; holidays are not known here."""
    return day.isoweekday() <= 5

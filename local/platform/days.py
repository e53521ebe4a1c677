"""The two days of the platform, and which intervals runs are asked for in them.

The last day of a month and the first of the next, both in the middle of a week: so that each kind of
pipeline, by day, banking day, week and month, has two intervals with something in them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from local.platform.pipelines import Period
from local.sources.times import Interval, midnight

DAYS = (date(2026, 6, 30), date(2026, 7, 1))
SUNDAYS = (date(2026, 6, 21), date(2026, 6, 28))
"""Of the weeks: when the credit bureau delivers."""
CLOCK = datetime(2026, 7, 1, 23, tzinfo=UTC)
"""When the market is asked: trading of the second day is over."""


def interval(period: Period, number: int) -> Interval:
    """The first (0) or second (1) interval of a period."""
    match period:
        case "day":
            return Interval.of_day(DAYS[number])
        case "week":
            return Interval.of_day(SUNDAYS[number] - timedelta(days=6), 7)
        case "month":
            begin = DAYS[number].replace(day=1)
            return Interval(midnight(begin), midnight((begin + timedelta(days=31)).replace(day=1)))

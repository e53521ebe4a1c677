"""Which data interval a run is about: Airflow's cron schedules name only a moment, the rest is decided here.

A run that asks for an interval gets that one, and a run begun by assets gets what they were loaded for.
Every other run is about the last whole period that had ended when it was due. All times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from lib.warehouse.batch import Batch

Period = Literal["hour", "day", "banking_day", "week", "month"]
"""A week begins on Monday. A banking day is one of Monday to Friday; the weekend belongs to Friday."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Interval:
    """From `start` up to, but without, `end`. Raises ValueError for times without a zone, or none between."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end <= self.start:
            raise ValueError(f"not a data interval: {self.start} to {self.end}")

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Interval:
        """Of `{"start", "end"}` as ISO 8601 with a zone. Raises ValueError."""
        try:
            start, end = (datetime.fromisoformat(values[name]) for name in ("start", "end"))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'an interval is {{"start", "end"}} in ISO 8601, not {values!r}') from error
        interval = cls(start, end)
        return cls(interval.start.astimezone(UTC), interval.end.astimezone(UTC))

    def written(self) -> dict[str, str]:
        """As `read` takes it: for the extra of an asset's event, and for `dag_run.conf["interval"]`."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}

    def hours(self) -> Iterator[datetime]:
        """The begin of each hour that begins in it."""
        hour = begin(self.start, "hour")
        while hour < self.end:
            if hour >= self.start:
                yield hour
            hour += HOUR

    def days(self) -> Iterator[date]:
        """Each day that begins in it."""
        return (hour.date() for hour in self.hours() if hour.hour == 0)

    def batch(self, dag_id: str) -> Batch:
        """What a DAG loads for it."""
        return Batch(dag_id, self.start, self.end)


def interval_of(context: Mapping[str, Any], period: Period, early: timedelta = timedelta()) -> Interval:
    """The interval of the run that a task's context is about.

    `early`: a period counts as ended so long before it is, for what is complete by then.
    `dag_run.conf["interval"]` may ask for another, of whole periods, several of them too. Raises ValueError
    where it is none.
    """
    run = context["dag_run"]
    asked = (run.conf or {}).get("interval")
    if asked is not None:
        return _whole(Interval.read(asked), period)
    if found := _of_assets(run.consumed_asset_events):
        return found
    return last_before((run.logical_date or run.run_after) + early, period)


def last_before(moment: datetime, period: Period) -> Interval:
    """The last whole period that had ended at a moment."""
    end = begin(moment, period)
    return Interval(begin(end - _MOMENT, period), end)


def begin(moment: datetime, period: Period) -> datetime:
    """When the period that a moment lies in began."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if period == "hour":
        return hour
    day = datetime.combine(hour.date(), time(), UTC)
    match period:
        case "banking_day":
            return day - max(0, day.weekday() - 4) * DAY
        case "week":
            return day - day.weekday() * DAY
        case "month":
            return day.replace(day=1)
    return day


def _whole(interval: Interval, period: Period) -> Interval:
    for end in (interval.start, interval.end):
        if begin(end, period) != end:
            raise ValueError(f"an interval of this DAG begins and ends with a {period}, not at {end}")
    return interval


def _of_assets(events: Iterable[Any]) -> Interval | None:
    """From the earliest begin that was told to the latest end that all of the assets have reached.

    An asset that is ahead of another is told of again: its rest belongs to the run that the other one's
    next event begins.
    """
    told: dict[str, list[Interval]] = {}
    for event in events:
        if {"start", "end"} <= event.extra.keys():
            told.setdefault(event.asset.uri, []).append(Interval.read(event.extra))
    if not told:
        return None
    start = min(one.start for found in told.values() for one in found)
    return Interval(start, min(max(one.end for one in found) for found in told.values()))

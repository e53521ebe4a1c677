"""When the runs of a DAG are due, read from the calendar that was sealed with its release.

Called by whoever has to know which runs there should be. The rules are those of Airflow 3
(`airflow/timetables/_cron.py`, `trigger.py`, `interval.py`), which also reads cron expressions with croniter.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from reconciler.core.structure_fields import DIGEST

_TRIGGERS = {"CronTriggerTimetable", "MultipleCronTriggerTimetable"}
_INTERVALS = {"CronDataIntervalTimetable"}
_BY_CLOCK_NEVER = {
    "NullTimetable",
    "OnceTimetable",
    "ContinuousTimetable",
    "AssetTriggeredTimetable",
    "PartitionedAssetTimetable",
}

_BY_LOT = re.compile(r"(?<![A-Za-z])[Rr](?![A-Za-z])")

_LEAD = timedelta(hours=3)
"""Where clocks are set back, expressions are followed from so long before: no clock is set back by more."""


@dataclass(frozen=True)
class Timetable:
    """The runs that some cron expressions promise, read in the time of ``zone``.

    No run is due before ``earliest`` or after ``latest``; ``by_interval``: none whose data, which is that of
    the time since the moment before, begins there. Without expressions the clock starts nothing.
    """

    expressions: tuple[str, ...] = ()
    zone: tzinfo = UTC
    by_interval: bool = False
    earliest: datetime | None = None
    latest: datetime | None = None
    catchup: bool = False

    def due(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """When runs are due (UTC), later than ``after`` and not later than ``until``: in order, each once."""
        before: datetime | None = None
        for at in heapq.merge(*(self._moments(text, after, until) for text in self.expressions)):
            if at != before and self._is_within(at):
                yield at
            before = at

    def date_of(self, due: datetime) -> datetime:
        """The date that Airflow's backfill has for a run: where its interval begins, or when it is due."""
        return self._previous(self.expressions[0], due) if self.by_interval else due

    def _moments(self, expression: str, after: datetime, until: datetime) -> Iterator[datetime]:
        at = after if self.zone is UTC else after - _LEAD
        # One that names a day that no month has, or a year that is over, is never due.
        with contextlib.suppress(CroniterBadDateError):
            while (at := self._next(expression, at)) <= until:
                if at > after:
                    yield at

    def _is_within(self, at: datetime) -> bool:
        moment = self.date_of(at)
        late = self.latest is not None and moment > self.latest
        return not late and (self.earliest is None or moment >= self.earliest)

    def _next(self, expression: str, current: datetime) -> datetime:
        clock = current.astimezone(self.zone).replace(tzinfo=None)
        cron = croniter(expression, clock)
        following: datetime = cron.get_next(datetime)
        if _every_hour(cron):
            return current + (following - clock)
        return _moment(following, self.zone)

    def _previous(self, expression: str, current: datetime) -> datetime:
        clock = current.astimezone(self.zone).replace(tzinfo=None)
        cron = croniter(expression, clock)
        try:
            before: datetime = cron.get_prev(datetime)
        except CroniterBadDateError:
            return current  # there was none before
        if _every_hour(cron):
            return current - (clock - before)
        return _moment(before, self.zone)


def timetable(calendar: Mapping[str, str]) -> Timetable | None:
    """The timetable of a sealed ``calendar``; None if its runs cannot be told in advance.

    None is also what a timetable of the user's own gives, and one whose runs are due some time after the run
    before (``timedelta``).
    """
    # What was sealed elsewhere may name a zone that is not known here, or be no calendar at all.
    with contextlib.suppress(ValueError, TypeError, KeyError, OverflowError):
        return _timetable(calendar)
    return None


def is_started(calendar: Mapping[str, str], *, new: bool) -> bool:
    """Do the clock or assets start the runs of a DAG with this sealed ``calendar``, or may they?

    One that runs once has run, unless it is ``new``.
    """
    _, _, kind = calendar.get("timetable", "").strip('"').rpartition(".")
    return kind != "NullTimetable" and (kind != "OnceTimetable" or new)


def _timetable(calendar: Mapping[str, str]) -> Timetable | None:
    values = {field: json.loads(text) for field, text in calendar.items() if not text.startswith(DIGEST)}
    package, _, kind = str(values.get("timetable", "")).rpartition(".")
    if not package.startswith("airflow."):
        return None
    if kind in _BY_CLOCK_NEVER:
        return Timetable()
    if kind not in _TRIGGERS | _INTERVALS or values.keys() != calendar.keys():
        return None
    expressions = values.get("timetable expressions") or [values.get("timetable expression")]
    if not all(map(_is_cron, expressions)):
        return None
    return Timetable(
        expressions=tuple(expressions),
        zone=_zone(values.get("timetable timezone", "UTC")),
        by_interval=kind in _INTERVALS,
        earliest=_date(values.get("start_date")),
        latest=_date(values.get("end_date")),
        catchup=bool(values.get("catchup", False)),
    )


def _is_cron(expression: object) -> bool:
    """Croniter also knows expressions that are drawn by lot (R)."""
    if not isinstance(expression, str) or _BY_LOT.search(expression):
        return False
    return croniter.is_valid(expression)


def _zone(value: Any) -> tzinfo:
    """A name, or seconds east of Greenwich: so Airflow's ``encode_timezone`` writes it."""
    if isinstance(value, int | float):
        return timezone(timedelta(seconds=value))
    return UTC if value == "UTC" else ZoneInfo(value)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    date = datetime.fromisoformat(text)
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _every_hour(cron: croniter) -> bool:
    """Then runs follow one another by elapsed time, also where the clock is set back."""
    return bool(cron.expanded[1] == ["*"])


def _moment(clock: datetime, zone: tzinfo) -> datetime:
    """A clock time as a moment: the second of two; one that the clock leaps over is as much later."""
    first, second = (clock.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    leaps = (second.utcoffset() or timedelta()) > (first.utcoffset() or timedelta())
    return (first if leaps else second).astimezone(UTC)

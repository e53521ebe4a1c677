"""Which runs a changed schedule takes away and which it adds, so that people see it before it is live.

Called by `plan`. Airflow skips and back-runs without a word when a schedule, start date or catchup changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from reconciler.core.timetable import Timetable, timetable
from reconciler.model.value import Value

DAYS = 7
"""So far ahead runs are compared: every weekly schedule is seen once."""

MOST = 2000
"""Runs that are compared at most: more than one each five minutes of a week are only counted up to here."""


class CalendarChange(Value):
    """The times at which runs are due only before, and only after, in the next ``DAYS`` (UTC).

    ``catches_up`` is how many runs of the past Airflow will start at once, because catchup is new.
    """

    lost: tuple[datetime, ...] = ()
    gained: tuple[datetime, ...] = ()
    catches_up: int = 0


def calendar_change(
    before: Mapping[str, str], after: Mapping[str, str], now: datetime
) -> CalendarChange | None:
    """Compare two sealed calendars; None if the runs of one of them cannot be told in advance."""
    old, new = timetable(before), timetable(after)
    if old is None or new is None:
        return None
    was, will = _until_both_are_known(_due(old, now), _due(new, now))
    past = islice(new.due(new.earliest, now), MOST) if _begins_to_catch_up(old, new) and new.earliest else ()
    return CalendarChange(
        lost=tuple(sorted(was - will)), gained=tuple(sorted(will - was)), catches_up=sum(1 for _ in past)
    )


def in_words(change: CalendarChange | None) -> str:
    """One line for people; empty if no run comes or goes."""
    if change is None:
        return "which runs come and go cannot be told in advance"
    parts = [
        f"{_count(runs)} {word} in {DAYS} days (first {runs[0]:%a %Y-%m-%d %H:%M} UTC)"
        for runs, word in ((change.lost, "fewer"), (change.gained, "more"))
        if runs
    ]
    if change.catches_up:
        parts.append(f"{_at_most(change.catches_up)} of the past start at once: catchup is new")
    return ", ".join(parts)


def _begins_to_catch_up(old: Timetable, new: Timetable) -> bool:
    return new.catchup and not old.catchup


def _due(known: Timetable, now: datetime) -> list[datetime]:
    return list(islice(known.due(now, now + timedelta(days=DAYS)), MOST))


def _until_both_are_known(one: list[datetime], other: list[datetime]) -> tuple[set[datetime], set[datetime]]:
    """Where one of them is cut off, nothing can be told of the time after that."""
    last = min(
        (runs[-1] for runs in (one, other) if len(runs) == MOST), default=datetime.max.replace(tzinfo=UTC)
    )
    return {at for at in one if at <= last}, {at for at in other if at <= last}


def _count(runs: Sequence[datetime]) -> str:
    return _at_most(len(runs))


def _at_most(number: int) -> str:
    if number >= MOST:
        return f"{MOST} runs or more"
    return "1 run" if number == 1 else f"{number} runs"

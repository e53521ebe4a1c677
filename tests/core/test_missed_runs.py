"""Which scheduled runs a pause of ours makes Airflow leave out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.missed_runs import left_out, run_id
from reconciler.core.timetable import timetable
from reconciler.model.state import Fence
from tests.builders import EACH_MINUTE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def minutes(opened: float, now: float, next_run: float | None = None, **calendar: str) -> list[int]:
    """The minutes after noon whose runs are left out."""
    fence = Fence(
        opened_at=at(opened),
        ours=True,
        calendar=EACH_MINUTE | calendar,
        next_run_at=None if next_run is None else at(next_run),
    )
    return [round((run.at - NOON).total_seconds() / 60) for run in left_out(fence, at(now))]


@pytest.mark.parametrize(
    ("opened", "now", "missing"),
    [
        (10, 50, []),  # no minute passed
        (10, 70, []),  # one did: it is the newest, which Airflow starts itself
        (10, 130, [1]),
        (10, 250, [1, 2, 3]),
        (0, 130, [1]),  # what was due just then was started before
    ],
)
def test_all_but_the_newest_run_since_the_pause_are_left_out(
    opened: float, now: float, missing: list[int]
) -> None:
    assert minutes(opened, now) == missing


def test_a_run_that_airflow_had_not_come_to_before_the_pause_counts() -> None:
    assert minutes(60.4, 130, next_run=60) == [1]
    assert minutes(60.4, 130, next_run=120) == []
    # An Airflow that has been at a stand for an hour goes on where it is by its own rules.
    assert minutes(3600, 3670, next_run=60) == [58, 59, 60]


def test_a_dag_that_catches_up_loses_none() -> None:
    assert minutes(10, 250, catchup="true") == []


@pytest.mark.parametrize(
    "calendar",
    [
        {},
        {"timetable": '"my.own.Timetable"'},
        {"timetable": '"airflow.timetables.trigger.DeltaTriggerTimetable"', "timetable delta": "60.0"},
        {**EACH_MINUTE, "timetable expression": "sha256:0123456789abcdef"},
        {**EACH_MINUTE, "timetable expression": '"61 * * * *"'},
    ],
)
def test_what_cannot_be_told_is_not_made_up(calendar: dict[str, str]) -> None:
    assert timetable(calendar) is None
    fence = Fence(opened_at=NOON, ours=True, calendar=calendar)
    assert left_out(fence, at(3600)) == ()


def test_a_day_that_no_month_has_is_never_due() -> None:
    known = timetable({**EACH_MINUTE, "timetable expression": '"0 0 30 2 *"'})
    assert known is not None
    assert list(known.due(NOON, NOON + timedelta(days=400))) == []


def test_runs_are_due_for_their_data() -> None:
    known = timetable({**EACH_MINUTE, "timetable": '"airflow.timetables.interval.CronDataIntervalTimetable"'})
    assert known is not None
    (run,) = known.due(at(30), at(90))
    assert (run.at, run.start, run.end) == (at(60), NOON, at(60))
    assert run_id(run) == "reconciler_missed__2026-03-02T12:01:00"

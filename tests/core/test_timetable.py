"""Calendars as they are sealed, and such as nobody should have sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.timetable import timetable
from tests.builders import EACH_MINUTE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INTERVALS = EACH_MINUTE | {"timetable": '"airflow.timetables.interval.CronDataIntervalTimetable"'}


def minutes(calendar: dict[str, str], until: float = 3) -> list[float]:
    known = timetable(calendar)
    assert known is not None
    return [(at - NOON) / timedelta(minutes=1) for at in known.due(NOON, NOON + timedelta(minutes=until))]


def test_runs_are_due_after_a_moment_and_not_later_than_another() -> None:
    assert minutes(EACH_MINUTE) == [1, 2, 3]
    assert minutes(EACH_MINUTE | {"timetable expression": '"* * * * FRI"'}) == []


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"start_date": '"2026-03-02T12:02:00+00:00"'}, [2, 3]),
        ({"start_date": '"2026-03-02T12:02:00"'}, [2, 3]),
        ({"end_date": '"2026-03-02T12:02:00+00:00"'}, [1, 2]),
    ],
)
def test_none_is_due_before_the_start_or_after_the_end(limits: dict[str, str], found: list[float]) -> None:
    assert minutes(EACH_MINUTE | limits) == found


def test_of_runs_for_an_interval_its_begin_is_what_the_limits_are_about() -> None:
    assert minutes(INTERVALS | {"start_date": '"2026-03-02T12:01:00+00:00"'}) == [2, 3]
    assert minutes(INTERVALS | {"end_date": '"2026-03-02T12:01:00+00:00"'}) == [1, 2]


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 1 1 * 0 2020"])
def test_what_never_comes_is_never_due(expression: str) -> None:
    assert minutes(EACH_MINUTE | {"timetable expression": f'"{expression}"'}, until=600_000) == []


def test_the_first_of_all_runs_has_no_run_before() -> None:
    known = timetable(INTERVALS | {"timetable expression": '"0 0 1 1 * 0 2027"'})
    assert known is not None
    assert list(known.due(NOON, NOON + timedelta(days=400))) == [datetime(2027, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    "odd",
    [
        {"timetable": '"my.own.CronTriggerTimetable"'},
        {"timetable": '"airflow.timetables.trigger.DeltaTriggerTimetable"', "timetable delta": "60.0"},
        {"timetable expression": "sha256:0123456789abcdef"},
        {"timetable expression": '"61 * * * *"'},
        {"timetable expression": '"R R * * *"'},
        {"timetable expression": "5"},
        {"timetable expressions": "5"},
        {"timetable timezone": '"Mars/Olympus"'},
        {"timetable timezone": '"../../etc/passwd"'},
        {"timetable timezone": "null"},
        {"timetable timezone": "999999"},
        {"start_date": '"yesterday"'},
        {"catchup": "not JSON"},
    ],
)
def test_what_cannot_be_told_is_not_guessed(odd: dict[str, str]) -> None:
    assert timetable({**EACH_MINUTE, **odd}) is None


def test_no_calendar_is_none() -> None:
    assert timetable({}) is None


@pytest.mark.parametrize(("calendar", "minute"), [(EACH_MINUTE, 2), (INTERVALS, 1)])
def test_airflow_knows_a_run_for_an_interval_by_its_begin(calendar: dict[str, str], minute: int) -> None:
    known = timetable(calendar)
    assert known is not None
    assert known.date_of(NOON + timedelta(minutes=2)) == NOON + timedelta(minutes=minute)

"""Which runs a changed calendar takes away and adds, and how people are told."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.calendar_change import calendar_change, in_words
from tests.builders import EACH_MINUTE

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def cron(expression: str, **more: str) -> dict[str, str]:
    return EACH_MINUTE | {"timetable expression": f'"{expression}"'} | more


def told(before: dict[str, str], after: dict[str, str]) -> str:
    return in_words(calendar_change(before, after, MONDAY))


def test_an_hour_later_is_as_many_runs_at_other_times() -> None:
    assert told(cron("0 5 * * *"), cron("0 6 * * *")) == (
        "7 runs fewer in 7 days (first Mon 2026-03-02 05:00 UTC), "
        "7 runs more in 7 days (first Mon 2026-03-02 06:00 UTC)"
    )


def test_no_more_weekends() -> None:
    change = calendar_change(cron("0 5 * * *"), cron("0 5 * * 1-5"), MONDAY)
    assert change is not None
    assert [run.strftime("%a") for run in change.lost] == ["Sat", "Sun"]
    assert change.gained == ()
    assert in_words(change) == "2 runs fewer in 7 days (first Sat 2026-03-07 05:00 UTC)"


def test_no_schedule_at_all_any_more() -> None:
    never = {"timetable": '"airflow.timetables.simple.NullTimetable"'}
    assert told(cron("0 5 * * 1"), never) == "1 run fewer in 7 days (first Mon 2026-03-02 05:00 UTC)"
    assert told(never, cron("0 5 * * 1")) == "1 run more in 7 days (first Mon 2026-03-02 05:00 UTC)"


def test_what_means_the_same_changes_nothing() -> None:
    assert told(cron("0 0 * * *"), cron("0 0 * * 0-6")) == ""


def test_catching_up_starts_the_past() -> None:
    since = {"start_date": '"2026-02-28T00:00:00+00:00"'}
    assert told(cron("0 5 * * *", **since), cron("0 5 * * *", **since, catchup="true")) == (
        "2 runs of the past start at once: catchup is new"
    )


def test_very_many_are_not_counted_to_the_end() -> None:
    assert "2000 runs or more fewer" in told(cron("* * * * *"), cron("0 0 1 1 *"))


def test_what_nobody_can_tell_is_said() -> None:
    relative = {"timetable": '"airflow.timetables.trigger.DeltaTriggerTimetable"', "timetable delta": "60.0"}
    assert told(cron("0 5 * * *"), relative) == "which runs come and go cannot be told in advance"


def test_more_runs_than_are_compared_take_none_away() -> None:
    hourly, each_minute = cron("0 * * * *"), EACH_MINUTE
    found = calendar_change(hourly, each_minute, MONDAY)
    assert found is not None
    assert found.lost == ()
    back = calendar_change(each_minute, hourly, MONDAY)
    assert back is not None
    assert (bool(back.lost), back.gained) == (True, ())

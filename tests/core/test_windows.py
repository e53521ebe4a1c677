"""When windows are on, by the clock of their timezone, and what the window gate makes of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from reconciler.core.gates.window import window
from reconciler.core.windows import openings
from reconciler.model.plan import Action, Change
from reconciler.model.policy import Window, Windows
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision

UPDATE = Change(dag_id="one", action=Action.UPDATE)


def clock(*parts: int) -> datetime:
    """What a clock on the wall shows."""
    return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001


MONTH_END = Window(
    name="month-end",
    start=clock(2026, 1, 31, 18),
    hours=36,
    rule="FREQ=MONTHLY;BYMONTHDAY=-1",
    timezone="Europe/Zurich",
)
OFFICE = Window(
    name="office-hours",
    start=clock(2026, 1, 1, 9),
    hours=8,
    rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    timezone="America/New_York",
)
ONCE = Window(name="audit", start=clock(2026, 5, 4, 0), hours=24)
NEVER = Window(name="never", start=clock(2026, 1, 1), hours=1, rule="FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "now", "on"),
    [
        (MONTH_END, "2026-02-28T16:59", False),  # 17:59 in Zurich
        (MONTH_END, "2026-02-28T17:00", True),
        (MONTH_END, "2026-03-02T04:59", True),
        (MONTH_END, "2026-03-02T05:00", False),
        (MONTH_END, "2026-07-31T15:59", False),  # in summer an hour earlier
        (MONTH_END, "2026-07-31T16:00", True),
        (MONTH_END, "2026-01-30T18:00", False),  # before it begins at all
        (OFFICE, "2026-03-06T14:00", True),  # Friday, 9:00 in New York
        (OFFICE, "2026-03-09T13:00", True),  # Monday, clocks were set forward
        (OFFICE, "2026-03-07T15:00", False),
        (ONCE, "2026-05-04T12:00", True),
        (ONCE, "2027-05-04T12:00", False),
        (NEVER, "2026-02-28T00:30", False),
    ],
)
def test_a_window_is_on_by_the_clock_of_its_place(one: Window, now: str, on: bool) -> None:
    assert openings(Windows(allow=(one,)), utc(now)).is_open(utc(now)) is on
    assert (openings(Windows(freeze=(one,)), utc(now)).frozen_by(utc(now)) is not None) is on


@pytest.mark.parametrize(
    ("windows", "now", "opens"),
    [
        (Windows(), "2026-03-07T15:00", "2026-03-07T15:00"),
        (Windows(freeze=(MONTH_END,)), "2026-02-28T17:00", "2026-03-02T05:00"),
        (Windows(allow=(OFFICE,)), "2026-03-07T15:00", "2026-03-09T13:00"),
        # Out of the freeze on a Monday at 5:00 UTC, which is night in New York.
        (Windows(freeze=(MONTH_END,), allow=(OFFICE,)), "2026-02-28T17:00", "2026-03-02T14:00"),
        (Windows(allow=(NEVER,)), "2026-03-07T15:00", None),
        (Windows(freeze=(ONCE,), allow=(ONCE,)), "2026-03-07T15:00", None),
    ],
)
def test_when_it_opens_next(windows: Windows, now: str, opens: str | None) -> None:
    assert openings(windows, utc(now)).next_open() == (utc(opens) if opens else None)
    verdict = window(openings(windows, utc(now)), [UPDATE])
    assert (verdict.decision is Decision.GO) is (opens == now)
    if verdict.decision is Decision.WAIT:
        assert verdict.reason is Reason.WINDOW_CLOSED
        assert verdict.until == openings(windows, utc(now)).next_open()


def test_when_it_closes_next() -> None:
    assert openings(Windows(), utc("2026-03-07T15:00")).next_close() is None
    assert openings(Windows(freeze=(MONTH_END,)), utc("2026-03-07T15:00")).next_close() == utc(
        "2026-03-31T16:00"
    )
    both = Windows(freeze=(MONTH_END,), allow=(OFFICE,))
    assert openings(both, utc("2026-03-06T15:00")).next_close() == utc("2026-03-06T22:00")
    assert "until 2026-03-06 22:00 UTC" in window(openings(both, utc("2026-03-06T15:00")), [UPDATE]).message


def test_it_says_which_window_and_until_when() -> None:
    verdict = window(openings(Windows(freeze=(MONTH_END, ONCE)), utc("2026-02-28T20:00")), [UPDATE])
    assert "The freeze month-end is on, until 2026-03-02 05:00 UTC" in verdict.message
    assert verdict.evidence == (
        "freeze audit: 2026-05-04 00:00 UTC to 2026-05-05 00:00 UTC",
        "freeze month-end: 2026-02-28 17:00 UTC to 2026-03-02 05:00 UTC",
    )


def test_where_nothing_has_to_wait_the_freeze_is_told_even_so() -> None:
    verdict = window(openings(Windows(freeze=(MONTH_END,)), utc("2026-02-28T20:00")), [])
    assert verdict.decision is Decision.GO
    assert "month-end" in verdict.message


def test_windows_that_follow_one_another_are_one() -> None:
    night = Window(name="night", start=clock(2026, 1, 1), hours=12, rule="FREQ=DAILY")
    day = Window(name="day", start=clock(2026, 1, 1, 12), hours=12, rule="FREQ=DAILY")
    now = utc("2026-03-07T01:00")
    assert openings(Windows(freeze=(night, day)), now).next_open() is None
    assert openings(Windows(freeze=(night,)), now).next_open() == utc("2026-03-07T12:00")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=DAILY;BYMONTHDAY=31",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=YEARLY;BYDAY=99MO",
        "FREQ=DAILY\nRDATE:20260101T000000",
        "DTSTART:20260101T000000",
        "daily",
        "",
    ],
)
def test_a_rule_that_is_none_or_goes_too_far_is_refused(rule: str) -> None:
    with pytest.raises(ValidationError):
        Window(name="x", start=clock(2026, 1, 1), hours=1, rule=rule)


@pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
def test_a_window_begins_in_our_time(year: int) -> None:
    with pytest.raises(ValidationError, match="from 2000 to 2100"):
        Window(name="x", start=clock(year, 1, 1), hours=1)

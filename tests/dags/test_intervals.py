"""Which data interval a run is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lib.intervals import Interval, Period, begin, interval_of, last_before

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def context(moment: datetime | None = None, **run: Any) -> dict[str, Any]:
    """Of a task whose run was due at a moment."""
    usual = {"logical_date": moment, "run_after": MONDAY, "conf": None, "consumed_asset_events": []}
    return {"dag_run": SimpleNamespace(**usual | run)}


def of(*days: int, hours: tuple[int, int] = (0, 0)) -> Interval:
    """From a day to a day, counted from a Monday; `hours` are added."""
    start, end = (MONDAY + timedelta(days=day, hours=hour) for day, hour in zip(days, hours, strict=True))
    return Interval(start, end)


@pytest.mark.parametrize(
    ("due", "period", "expected"),
    [
        (timedelta(hours=9, minutes=5), "hour", of(0, 0, hours=(8, 9))),
        (timedelta(hours=9), "hour", of(0, 0, hours=(8, 9))),
        (timedelta(minutes=15), "day", of(-1, 0)),
        (timedelta(hours=4), "banking_day", of(-3, 0)),
        (timedelta(days=1, hours=4), "banking_day", of(0, 1)),
        (timedelta(days=5, hours=4), "banking_day", of(3, 4)),
        (timedelta(hours=6), "week", of(-7, 0)),
        (timedelta(days=17), "month", of(-15, 15)),
    ],
)
def test_the_last_whole_period_that_had_ended(due: timedelta, period: Period, expected: Interval) -> None:
    assert interval_of(context(MONDAY + due), period) == expected


@given(MOMENTS, st.sampled_from(get_args(Period)))
def test_periods_follow_each_other_without_a_gap(moment: datetime, period: Period) -> None:
    last = last_before(moment, period)
    assert last.end <= moment
    assert begin(moment, period) == last.end
    assert last_before(last.end, period) == last
    assert last_before(last.start, period).end == last.start


def test_a_run_without_a_logical_date_counts_from_when_it_may_run() -> None:
    assert interval_of(context(), "day") == of(-1, 0)


def test_a_run_may_ask_for_several_whole_periods() -> None:
    asked = of(-4, -1)
    assert interval_of(context(MONDAY, conf={"interval": asked.written()}), "day") == asked


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2026-11-16T00:30:00+00:00", "end": "2026-11-17T00:00:00+00:00"},
        {"start": "2026-11-16T00:00:00", "end": "2026-11-17T00:00:00"},
        {"start": "2026-11-17T00:00:00Z", "end": "2026-11-16T00:00:00Z"},
        {"start": "2026-11-17T00:00:00Z"},
        {"start": 1, "end": 2},
        "yesterday",
    ],
)
def test_what_is_no_interval_is_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match="interval"):
        interval_of(context(MONDAY, conf={"interval": asked}), "day")


def event(asset: str, interval: Interval | None) -> SimpleNamespace:
    """What was told of an asset."""
    extra = interval.written() if interval else {"rows": 3}
    return SimpleNamespace(asset=SimpleNamespace(uri=f"snowflake://finedge/{asset}"), extra=extra)


def test_a_run_begun_by_assets_spans_what_they_were_loaded_for() -> None:
    events = [event("a", of(-1, 0)), event("a", of(-3, -2)), event("b", of(-2, 0)), event("a", None)]
    assert interval_of(context(consumed_asset_events=events), "hour") == of(-3, 0)


def test_an_asset_that_is_ahead_does_not_answer_for_those_behind() -> None:
    def hour(number: int) -> Interval:
        return of(0, 0, hours=(number, number + 1))

    rounds = [
        [event("a", hour(1)), event("a", hour(2)), event("b", hour(1))],
        [event("a", hour(3)), event("b", hour(2))],
        [event("b", hour(3)), event("b", hour(4)), event("a", hour(4))],
    ]
    spans = [interval_of(context(consumed_asset_events=events), "hour") for events in rounds]
    # Nothing is promised too early, and nothing is left out.
    assert spans == [hour(1), hour(2), of(0, 0, hours=(3, 5))]


def test_the_hours_and_days_in_it() -> None:
    assert list(of(0, 2).days()) == [date(2026, 11, 16), date(2026, 11, 17)]
    assert len(list(of(0, 2).hours())) == 48
    assert list(of(0, 0, hours=(3, 5)).days()) == []


def test_its_batch_has_its_ends() -> None:
    batch = of(0, 1).batch("some_dag")
    assert batch.id == "some_dag|2026-11-16T00:00:00.000000Z/2026-11-17T00:00:00.000000Z"

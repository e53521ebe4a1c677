"""Two intervals for each kind of pipeline, each with something in it."""

from __future__ import annotations

from datetime import timedelta

from local.platform.days import CLOCK, DAYS, SUNDAYS, interval
from local.sources.bank import Bank
from local.sources.market_prices import prices
from local.sources.times import is_banking_day


def test_the_days_are_neighbours_in_two_months_on_which_every_feed_comes() -> None:
    first, second = DAYS
    assert second - first == timedelta(days=1)
    assert all(map(is_banking_day, DAYS))
    assert first.month != second.month


def test_two_whole_neighbouring_intervals_of_each_period() -> None:
    for period, days in (("day", 1), ("week", 7)):
        one, other = (interval(period, number) for number in (0, 1))  # type: ignore[arg-type]
        assert one.end == other.start
        assert one.end - one.start == other.end - other.start == timedelta(days=days)
    june, july = (interval("month", number) for number in (0, 1))
    assert june.end == july.start
    assert (june.start.day, july.end.day, july.end.month) == (1, 1, 8)


def test_each_period_holds_what_it_is_about() -> None:
    for number in (0, 1):
        assert DAYS[number] in list(interval("day", number).days())
        assert DAYS[number] in list(interval("month", number).days())
        week = list(interval("week", number).days())
        assert SUNDAYS[number] == week[-1]
        assert week[0].isoweekday() == 1


def test_when_the_market_is_asked_it_knows_both_days() -> None:
    known = prices(Bank(), "IBM", CLOCK.date())
    assert [next(known).day, next(known).day] == [DAYS[1], DAYS[0]]
    assert CLOCK.hour > 21

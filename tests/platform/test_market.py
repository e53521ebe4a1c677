"""The market API's stand-in as a process, with a clock that runs fast."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.platform.days import CLOCK, DAYS
from local.platform.market import HURRIED, hurried, start_market
from local.processes import Process
from local.sources.bank import SIZES, Bank
from local.sources.market_api import Market, closed_at


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Process]]:
    url, process = start_market(tmp_path_factory.mktemp("market"), "tiny", 1, CLOCK)
    yield url, process
    process.stop()


def test_a_hurried_minute_is_over_in_half_a_second() -> None:
    ticks = iter([100.0, 100.0, 100.5])
    clock = hurried(CLOCK, HURRIED, lambda: next(ticks))
    assert [clock(), clock()] == [CLOCK, CLOCK + timedelta(minutes=1)]


def test_it_answers_as_of_the_second_day(market: tuple[str, Process]) -> None:
    query = f"{market[0]}?function=TIME_SERIES_DAILY&symbol=IBM&apikey=any"
    with urllib.request.urlopen(query) as answer:
        days = list(json.load(answer)["Time Series (Daily)"])
    assert days[:2] == [DAYS[1].isoformat(), DAYS[0].isoformat()]


def test_it_ends_when_it_is_told(tmp_path: Path) -> None:
    _, process = start_market(tmp_path, "tiny", 1, CLOCK)
    process.stop()
    assert not process.alive()


def test_the_days_that_it_tells_of_are_no_matter_of_pace() -> None:
    def newest(market: Market) -> str:
        query = {"function": "TIME_SERIES_DAILY", "symbol": "IBM", "apikey": "any"}
        return str(market.answer(query)["Meta Data"]["3. Last Refreshed"])

    bank, later = Bank(1, SIZES["tiny"]), CLOCK + timedelta(days=7)
    assert newest(Market(bank, lambda: later, closed_at(CLOCK))) == DAYS[1].isoformat()
    assert newest(Market(bank, lambda: later)) > DAYS[1].isoformat()

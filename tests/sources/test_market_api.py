"""The market API answers as the real one: its documents, its limit, its silence about both in the status."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sources.faults.market import MARKET_FAULTS, MarketFault
from local.sources.market_api import CALLS, NOTE, Market, MarketApi
from local.sources.market_prices import COMPANIES, prices
from tests.sources.conftest import BANK

EVENING = datetime(2026, 3, 3, 23, tzinfo=UTC)
Ask = Callable[..., dict[str, Any]]
RULES: dict[str, Callable[[dict[str, float]], bool]] = {
    "no_negative_prices": lambda day: min(list(day.values())[:4]) >= 0,
    "return_has_base": lambda day: day["4. close"] != 0,
    "volume_positive": lambda day: day["5. volume"] > 0,
    "high_not_below_low": lambda day: day["2. high"] >= day["3. low"],
}


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def market(clock: Clock) -> Market:
    return Market(BANK, clock)


@pytest.fixture
def ask(market: Market) -> Iterator[Ask]:
    """One call over HTTP."""
    server = MarketApi(market)
    server.start()

    def call(**query: str) -> dict[str, Any]:
        parameters = urlencode({"apikey": "demo", **query})
        with urllib.request.urlopen(f"{server.url}?{parameters}", timeout=10) as answer:
            assert answer.status == 200
            document: dict[str, Any] = json.load(answer)
            return document

    yield call
    server.shutdown()
    server.server_close()


def newest(document: dict[str, Any]) -> dict[str, float]:
    day = next(iter(document["Time Series (Daily)"].values()))
    return {name: float(text) for name, text in day.items()}


def test_daily_prices(ask: Ask) -> None:
    answer = ask(function="TIME_SERIES_DAILY", symbol="IBM")
    series = answer["Time Series (Daily)"]
    assert answer["Meta Data"]["2. Symbol"] == "IBM"
    assert answer["Meta Data"]["3. Last Refreshed"] == next(iter(series)) == "2026-03-03"
    assert len(series) == 100
    assert list(series["2026-03-03"]) == ["1. open", "2. high", "3. low", "4. close", "5. volume"]
    assert ask(function="TIME_SERIES_DAILY", symbol="IBM") == answer
    full = ask(function="TIME_SERIES_DAILY", symbol="IBM", outputsize="full")["Time Series (Daily)"]
    assert len(full) > 500
    assert full.items() >= series.items()


def test_a_day_is_told_once_it_is_over(ask: Ask, clock: Clock) -> None:
    clock.now = EVENING.replace(hour=20)
    before = ask(function="TIME_SERIES_DAILY", symbol="IBM")["Time Series (Daily)"]
    clock.now = EVENING
    after = ask(function="TIME_SERIES_DAILY", symbol="IBM")["Time Series (Daily)"]
    assert set(after) - set(before) == {"2026-03-03"}
    assert all(after[day] == before[day] for day in set(after) & set(before))


def test_overview(ask: Ask) -> None:
    found = ask(function="OVERVIEW", symbol="JPM")
    assert (found["Symbol"], found["Sector"]) == ("JPM", "FINANCIAL SERVICES")
    assert ask(function="OVERVIEW", symbol="NOPE") == {}


def test_what_it_does_not_know_is_told_in_the_body(ask: Ask) -> None:
    assert "Invalid API call" in ask(function="TIME_SERIES_DAILY", symbol="NOPE")["Error Message"]
    assert "Invalid API call" in ask(function="NOPE", symbol="IBM")["Error Message"]
    assert "apikey" in ask(function="OVERVIEW", symbol="IBM", apikey="")["Error Message"]


def test_other_paths_are_not_found(market: Market) -> None:
    server = MarketApi(market)
    server.start()
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(server.url.replace("query", "other"), timeout=10)
    refused.value.close()
    server.shutdown()
    server.server_close()


def test_the_sixth_call_of_a_minute_is_a_note(ask: Ask, clock: Clock) -> None:
    def overview(key: str = "demo") -> dict[str, Any]:
        return ask(function="OVERVIEW", symbol="IBM", apikey=key)

    assert all("Symbol" in overview() for _ in range(CALLS))
    assert overview() == {"Note": NOTE}
    assert "Symbol" in overview("other"), "the limit is each key's own"
    clock.now += timedelta(seconds=59)
    assert overview() == {"Note": NOTE}
    clock.now += timedelta(seconds=1)
    assert "Symbol" in overview(), "refused calls do not count"


def test_who_pauses_twelve_seconds_is_never_refused(market: Market, clock: Clock) -> None:
    for _ in range(30):
        assert "Symbol" in market.answer({"apikey": "demo", "function": "OVERVIEW", "symbol": "IBM"})
        clock.now += timedelta(seconds=12)


@given(st.sampled_from(sorted(COMPANIES)), st.dates(date(2024, 1, 8), date(2027, 12, 31)))
@settings(max_examples=30, deadline=None)
def test_prices_keep_the_rules(symbol: str, day: date) -> None:
    price, before, *_ = prices(BANK, symbol, day)
    assert 0 < price.low <= min(price.open, price.close) <= max(price.open, price.close) <= price.high
    assert price.volume > 0
    assert price.open == before.close
    assert price.day.isoweekday() <= 5


@pytest.mark.parametrize("fault", MARKET_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_its_rule(fault: MarketFault, market: Market) -> None:
    query = {"apikey": "demo", "function": "TIME_SERIES_DAILY", "symbol": "AAPL"}
    right = newest(market.answer(query))
    assert all(rule(right) for rule in RULES.values())
    fault.plant(market)
    spoilt = newest(market.answer(query))
    assert {name for name, rule in RULES.items() if not rule(spoilt)} == {fault.rule}

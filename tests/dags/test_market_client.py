"""The market API is asked slowly enough, its excuses are understood, and its key is told to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from lib.market.client import (
    Limited,
    Malformed,
    MarketClient,
    MarketError,
    Pace,
    Refused,
    from_airflow,
    http_get,
)

from local.sources.bank import Bank
from local.sources.market_api import NOTE, Market, MarketApi

KEY = "a-very-secret-key"


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def date(self) -> datetime:
        return datetime(2026, 5, 4, 23, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[MarketApi]:
    server = MarketApi(Market(Bank(), clock.date))
    server.start()
    yield server
    server.shutdown()
    server.server_close()


def client(clock: Clock, get: Callable[..., str], pace: Pace = Pace()) -> MarketClient:
    return MarketClient(get, pace, clock.now, clock.sleep)


def answers(*documents: object) -> Callable[..., str]:
    """A server that gives these, one after another."""
    left = iter(documents)

    def get(parameters: object) -> str:
        document = next(left)
        return document if isinstance(document, str) else json.dumps(document)

    return get


def test_eight_calls_at_the_configured_pace_never_meet_the_limit(api: MarketApi, clock: Clock) -> None:
    asking = client(clock, http_get(api.url, KEY))
    for symbol in ("AAPL", "IBM", "JPM", "XOM"):
        assert json.loads(asking.prices(symbol))["Meta Data"]["2. Symbol"] == symbol
        assert json.loads(asking.company(symbol))["Symbol"] == symbol
    assert clock.slept == [12.0] * 7


def test_who_asks_too_fast_waits_and_gets_the_answer(api: MarketApi, clock: Clock) -> None:
    asking = client(clock, http_get(api.url, KEY), Pace(pause=0))
    for _ in range(6):
        asking.company("IBM")
    assert [one for one in clock.slept if one] == [60.0]


def test_time_that_has_passed_anyhow_is_not_waited_again(clock: Clock) -> None:
    asking = client(clock, answers(*[{"Symbol": "IBM"}] * 3))
    asking.company("IBM")
    clock.seconds += 5
    asking.company("IBM")
    clock.seconds += 50
    asking.company("IBM")
    assert clock.slept == [7.0, 0.0]


def test_patience_ends(clock: Clock) -> None:
    for excuse in ({"Note": NOTE}, {"Information": "25 requests per day"}):
        with pytest.raises(Limited, match="OVERVIEW of IBM: the limit of calls was met 3 times"):
            client(clock, answers(*[excuse] * 3)).company("IBM")


def test_an_unknown_symbol_is_refused(api: MarketApi, clock: Clock) -> None:
    asking = client(clock, http_get(api.url, KEY))
    with pytest.raises(Refused, match="TIME_SERIES_DAILY of NOPE: Invalid API call"):
        asking.prices("NOPE")
    with pytest.raises(Refused, match="OVERVIEW of NOPE: the API knows no such symbol"):
        asking.company("NOPE")


def test_a_missing_key_is_refused(api: MarketApi, clock: Clock) -> None:
    with pytest.raises(Refused, match="apikey is invalid"):
        client(clock, http_get(api.url, "")).company("IBM")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<html>502</html>", "OVERVIEW of IBM: not JSON: '<html>502</html>'"),
        ('{"Symbol": "IB', "not JSON"),
        ("[1]", "not an object"),
        ({"Something": 1}, "an answer with Something"),
        ({"Symbol": None}, "an answer with Symbol"),
    ],
)
def test_what_is_no_answer_says_so(clock: Clock, body: object, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        client(clock, answers(body)).company("IBM")


def test_the_key_is_in_no_message(api: MarketApi) -> None:
    with pytest.raises(MarketError, match="status 404") as missing:
        http_get(f"{api.url}/nowhere", KEY)({"function": "OVERVIEW"})
    with pytest.raises(MarketError, match="ConnectionError") as refused:
        http_get("http://127.0.0.1:1/query", KEY)({"function": "OVERVIEW"})
    for error in (missing.value, refused.value):
        assert KEY not in str(error)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None


def test_a_key_that_the_answer_repeats_is_hidden(clock: Clock) -> None:
    echoing = MarketApi(Market(Bank()))
    echoing.market.answer = lambda query: {"Information": f"your key is {query['apikey']}"}  # type: ignore[method-assign]
    echoing.start()
    try:
        assert http_get(echoing.url, KEY)({}) == '{"Information": "your key is ***"}'
    finally:
        echoing.shutdown()
        echoing.server_close()


def test_the_connection_says_where_with_which_key_and_how_fast(api: MarketApi) -> None:
    connection = SimpleNamespace(
        schema="http", host="127.0.0.1", port=api.server_port, password=KEY, extra_dejson={"pause_seconds": 0}
    )
    asking = from_airflow(connection)
    assert asking.pace == Pace(pause=0)
    assert json.loads(asking.company("IBM"))["Symbol"] == "IBM"
    assert KEY not in repr(asking)

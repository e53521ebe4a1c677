"""A stand-in for the market API: Alpha Vantage's daily prices and company overviews, on loopback.

As the real one, it answers 200 to everything; errors and the limit of calls are told in the body. The clock
can be set, so that a test need not wait for a minute or for a trading day.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.httpd import Handler, Server
from local.sources.bank import Bank
from local.sources.market_prices import COMPANIES, Price, prices

CALLS, WINDOW = 5, timedelta(minutes=1)
CLOSING_HOUR = 21  # UTC
COMPACT_DAYS = 100
NOTE = (
    "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls"
    " per day. Please visit https://www.alphavantage.co/premium/ if you would like to target a higher API"
    " call frequency."
)
_INVALID_CALL = (
    "Invalid API call. Please retry or visit the documentation"
    " (https://www.alphavantage.co/documentation/) for {function}."
)
_NO_KEY = (
    "the parameter apikey is invalid or missing. Please claim your free API key on"
    " (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
)
Day = dict[str, str]


class Market:
    """What is answered, when, and to whom. `now` and `spoil` may be replaced at any time.

    `last_closed` is the newest day of which there may be prices; without it, by the clock.
    `spoil` gets the newest day of prices as it would be sent, and gives what is sent in its place.
    """

    def __init__(
        self,
        bank: Bank,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        last_closed: date | None = None,
    ) -> None:
        self.bank, self.now, self._fixed = bank, now, last_closed
        self.spoil: Callable[[Day], Day] = lambda day: day
        self._calls: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def answer(self, query: dict[str, str]) -> dict[str, Any]:
        """The document for a query's parameters."""
        key, function, symbol = (query.get(name, "") for name in ("apikey", "function", "symbol"))
        if not key:
            return {"Error Message": _NO_KEY}
        if not self._admits(key):
            return {"Note": NOTE}
        if function == "OVERVIEW":
            return self._overview(symbol)
        if function == "TIME_SERIES_DAILY" and symbol in COMPANIES:
            return self._daily(symbol, query.get("outputsize", "compact"))
        return {"Error Message": _INVALID_CALL.format(function=function)}

    def _admits(self, key: str) -> bool:
        """Whether a key has made fewer than five calls in the last minute. Refused ones do not count."""
        with self._lock:
            now, calls = self.now(), self._calls[key]
            while calls and calls[0] <= now - WINDOW:
                calls.popleft()
            if len(calls) == CALLS:
                return False
            calls.append(now)
            return True

    def _overview(self, symbol: str) -> dict[str, str]:
        company = COMPANIES.get(symbol)
        if company is None:
            return {}
        return {
            "Symbol": symbol,
            "AssetType": "Common Stock",
            "Name": company.name,
            "Exchange": "NYSE",
            "Currency": "USD",
            "Country": "USA",
            "Sector": company.sector,
            "Industry": company.industry,
        }

    def _daily(self, symbol: str, size: str) -> dict[str, Any]:
        found = prices(self.bank, symbol, self._last_closed())
        series = {
            price.day.isoformat(): _day(price)
            for price in islice(found, None if size == "full" else COMPACT_DAYS)
        }
        newest = next(iter(series))
        return {
            "Meta Data": {
                "1. Information": "Daily Prices (open, high, low, close) and Volumes",
                "2. Symbol": symbol,
                "3. Last Refreshed": newest,
                "4. Output Size": "Full size" if size == "full" else "Compact",
                "5. Time Zone": "US/Eastern",
            },
            "Time Series (Daily)": series | {newest: self.spoil(series[newest])},
        }

    def _last_closed(self) -> date:
        return self._fixed or closed_at(self.now())


def closed_at(moment: datetime) -> date:
    """The newest day whose prices are told at a moment."""
    now = moment.astimezone(UTC)
    return now.date() if now.hour >= CLOSING_HOUR else now.date() - timedelta(days=1)


class MarketApi(Server):
    """Serves a market; port 0 takes a free one. `start` and `shutdown` as of any server."""

    def __init__(self, market: Market, port: int = 0) -> None:
        super().__init__(port, _Query)
        self.market = market

    @property
    def url(self) -> str:
        """Where queries go, without parameters."""
        return f"http://127.0.0.1:{self.server_port}/query"


class _Query(Handler):
    server: MarketApi

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/query":
            self.reply_json(200, self.server.market.answer(dict(parse_qsl(parts.query))))
        else:
            self.reply(404)


def _day(price: Price) -> Day:
    """As it is sent: numbers as text."""
    amounts = {"open": price.open, "high": price.high, "low": price.low, "close": price.close}
    numbered = {
        f"{number}. {name}": f"{value:.4f}" for number, (name, value) in enumerate(amounts.items(), 1)
    }
    return numbered | {"5. volume": str(price.volume)}

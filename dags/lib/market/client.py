"""Asks the market API, slowly enough for its limit, and tells its answers from its excuses.

The API answers 200 to everything: that it is asked too often, or for what it does not know, its body tells.
Errors never carry the key: neither a URL nor an answer that repeats it gets into a message.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

PRICES, COMPANY = "TIME_SERIES_DAILY", "OVERVIEW"
SERIES = "Time Series (Daily)"
# Under which the limit of calls is told: the first is the classic one, the second a newer wording.
_LIMIT = ("Note", "Information")
_TIMEOUT_SECONDS = 30
_SHOWN = 120


class MarketError(Exception):
    """The API gave no usable answer; another try may."""


class Limited(MarketError):
    """Asked too often, and still so after all patience."""


class Malformed(MarketError):
    """The answer is no JSON, or not the document that was asked for."""


class Refused(MarketError):
    """The API knows no such symbol, or not this key: asking again is no use."""


@dataclass(frozen=True)
class Pace:
    """Seconds: `pause` between two calls, `limited` after the limit was met; `tries`: how often to ask."""

    pause: float = 12.0
    limited: float = 60.0
    tries: int = 3


Get = Callable[[Mapping[str, str]], str]
"""Sends a query's parameters (the key is its own to add); gives the body. Raises MarketError."""


@dataclass
class MarketClient:
    """One caller of the API. Not for several threads: its calls are paced one after another."""

    get: Get
    pace: Pace = Pace()
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _last: float | None = field(default=None, init=False)

    def prices(self, symbol: str, *, full: bool = False) -> str:
        """The body with the last hundred days of a share, or with all. Raises MarketError."""
        size = "full" if full else "compact"
        return self._ask(PRICES, symbol, SERIES, {"outputsize": size})

    def company(self, symbol: str) -> str:
        """The body that tells about a share's company. Raises MarketError."""
        return self._ask(COMPANY, symbol, "Symbol", {})

    def _ask(self, function: str, symbol: str, wanted: str, more: Mapping[str, str]) -> str:
        what = f"{function} of {symbol}"
        for _ in range(self.pace.tries):
            self._keep_pace()
            body = self.get({"function": function, "symbol": symbol, **more})
            document = _document(what, body)
            if document.get(wanted):
                return body
            if not any(name in document for name in _LIMIT):
                raise _objection(what, document)
            log.info("%s: asked too often, waiting %s s", what, self.pace.limited)
            self.sleep(self.pace.limited)
        raise Limited(f"{what}: the limit of calls was met {self.pace.tries} times")

    def _keep_pace(self) -> None:
        if self._last is not None:
            self.sleep(max(0.0, self._last + self.pace.pause - self.now()))
        self._last = self.now()


def _document(what: str, body: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        raise Malformed(f"{what}: not JSON: {body[:_SHOWN]!r}") from None
    if not isinstance(document, dict):
        raise Malformed(f"{what}: not an object: {body[:_SHOWN]!r}")
    return document


def _objection(what: str, document: Mapping[str, Any]) -> MarketError:
    if "Error Message" in document:
        return Refused(f"{what}: {str(document['Error Message'])[:_SHOWN]}")
    if not document:
        return Refused(f"{what}: the API knows no such symbol")
    return Malformed(f"{what}: an answer with {', '.join(sorted(document))[:_SHOWN]}")


def from_airflow(connection: Any) -> MarketClient:
    """A client as an Airflow connection of type http describes it.

    Host, port and schema name the server, the password is the key; the extra may hold `path`,
    `pause_seconds` and `limited_seconds`.
    """
    extra: Mapping[str, Any] = connection.extra_dejson
    pace = Pace(
        float(extra.get("pause_seconds", Pace.pause)), float(extra.get("limited_seconds", Pace.limited))
    )
    port = f":{connection.port}" if connection.port else ""
    url = f"{connection.schema or 'https'}://{connection.host}{port}{extra.get('path', '/query')}"
    return MarketClient(http_get(url, connection.password or ""), pace)


def http_get(url: str, key: str) -> Get:
    """Asks over HTTP. An exception of the library names the URL, and so the key: it is not passed on."""
    import requests

    def get(parameters: Mapping[str, str]) -> str:
        try:
            answer = requests.get(url, params={**parameters, "apikey": key}, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise MarketError(f"{url}: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise MarketError(f"{url}: status {answer.status_code}")
        return answer.text.replace(key, "***") if key else answer.text

    return get

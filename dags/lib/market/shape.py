"""Turns the market API's documents into rows of our tables. Judges their shape, not their values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from lib.market.client import SERIES, Malformed

_FIELDS = ("1. open", "2. high", "3. low", "4. close", "5. volume")
_COMPANY = ("Name", "Sector", "Industry", "Exchange", "Currency", "Country")


def price_rows(symbol: str, body: str, before: date) -> list[tuple[object, ...]]:
    """Rows of STOCK_PRICES, the oldest first, of the days before `before`. Raises Malformed."""
    document = _load(symbol, body)
    told = document.get("Meta Data", {}).get("2. Symbol")
    if told != symbol:
        raise Malformed(f"{symbol}: the document is about {told!r}")
    try:
        rows = [
            (symbol, date.fromisoformat(day), *(_number(values[name]) for name in _FIELDS))
            for day, values in document[SERIES].items()
        ]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise Malformed(f"{symbol}: a day of prices is not as agreed: {error!r}") from None
    return sorted((row for row in rows if row[1] < before), key=lambda row: row[1])


def company_row(symbol: str, body: str) -> tuple[object, ...]:
    """The row of DIM_METADATA. Raises Malformed."""
    document = _load(symbol, body)
    if document.get("Symbol") != symbol:
        raise Malformed(f"{symbol}: the document is about {document.get('Symbol')!r}")
    missing = [name for name in _COMPANY if not isinstance(document.get(name), str)]
    if missing:
        raise Malformed(f"{symbol}: the company lacks {', '.join(missing)}")
    return (symbol, *(document[name] for name in _COMPANY))


def date_rows(days: Iterable[date]) -> Iterator[tuple[object, ...]]:
    """Rows of DIM_DATE for every day from the first to the last, weekends too."""
    known = sorted(set(days))
    if not known:
        return
    for number in range((known[-1] - known[0]).days + 1):
        day = known[0] + timedelta(days=number)
        calendar = day.isocalendar()
        yield day, day.day, day.month, day.year, (day.month + 2) // 3, calendar.weekday, calendar.week


def _load(symbol: str, body: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Malformed(f"{symbol}: the file holds no JSON object")
    return document


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{text!r} is no amount")
    return number

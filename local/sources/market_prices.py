"""Prices of a few shares on every trading day, and what is told about their companies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from local.sources.bank import Bank
from local.sources.times import is_banking_day

FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True)
class Company:
    name: str
    sector: str
    industry: str
    price: float
    """About what a share costs, in dollars."""


# Sectors in capitals, as Alpha Vantage writes them.
COMPANIES = {
    "AAPL": Company("Apple Inc", "TECHNOLOGY", "CONSUMER ELECTRONICS", 210.0),
    "IBM": Company("International Business Machines", "TECHNOLOGY", "INFORMATION TECHNOLOGY SERVICES", 240.0),
    "JPM": Company("JPMorgan Chase & Co", "FINANCIAL SERVICES", "BANKS - DIVERSIFIED", 250.0),
    "XOM": Company("Exxon Mobil Corp", "ENERGY", "OIL & GAS INTEGRATED", 110.0),
}


@dataclass(frozen=True)
class Price:
    """One day of one share: dollars and shares."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int


def prices(bank: Bank, symbol: str, last: date) -> Iterator[Price]:
    """From the newest on, `last` included where it is a trading day. Raises KeyError: no such symbol."""
    day = last
    while day >= FIRST_DAY:
        if is_banking_day(day):
            yield _price(bank, symbol, day)
        day -= timedelta(days=1)


def _price(bank: Bank, symbol: str, day: date) -> Price:
    before = day - timedelta(days=3 if day.isoweekday() == 1 else 1)
    start, end = _close(bank, symbol, before), _close(bank, symbol, day)
    spread = 1 + bank.number(200, "spread", symbol, day) / 10_000
    volume = 1_000_000 + bank.number(9_000_000, "volume", symbol, day)
    return Price(day, start, max(start, end) * spread, min(start, end) / spread, end, volume)


def _close(bank: Bank, symbol: str, day: date) -> float:
    wave = math.sin(day.toordinal() / 41 + bank.number(100, "phase", symbol))
    noise = bank.number(1001, "close", symbol, day) / 1000 - 0.5
    return COMPANIES[symbol].price * (1 + 0.15 * wave + 0.02 * noise)

"""The day's exchange rates: one JSON file on each banking day."""

from __future__ import annotations

import math
from datetime import date

from local.sources.bank import Bank
from local.sources.feeds.feed import Feed, Files, folder, to_json
from local.sources.times import is_banking_day

NAME = "fx_rates"
BASE = "USD"
_AROUND = {"CHF": 0.88, "EUR": 0.92, "GBP": 0.79, "JPY": 151.0}


def files(bank: Bank, day: date) -> Files:
    return {key(day): encode(day, rates(bank, day))}


def key(day: date) -> str:
    return f"{folder(NAME, day)}rates.json"


def rates(bank: Bank, day: date) -> dict[str, str]:
    """What one dollar costs, by currency, as decimals: a slow wave and half a percent of noise."""
    return {quote: f"{middle * _factor(bank, day, quote):.6f}" for quote, middle in _AROUND.items()}


def encode(day: date, prices: dict[str, str]) -> bytes:
    rows = [{"quote": quote, "rate": rate} for quote, rate in prices.items()]
    return to_json({"base": BASE, "date": day.isoformat(), "rates": rows})


def _factor(bank: Bank, day: date, quote: str) -> float:
    wave = math.sin(day.toordinal() / 23 + bank.number(100, "phase", quote))
    noise = bank.number(1001, "noise", quote, day) / 1000 - 0.5
    return 1 + 0.04 * wave + 0.01 * noise


FEED = Feed(NAME, files, is_banking_day)

"""What the payment processor paid out for a day's sales: one JSON file, one payout per merchant."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from local.sources import people
from local.sources.bank import Bank
from local.sources.cards import owner
from local.sources.feeds.feed import Feed, Files, folder, to_json
from local.sources.times import Interval
from local.sources.transactions import sales

NAME = "processor_payouts"
_SHARE, _EACH = Decimal("0.015"), Decimal("0.10")


class Payout(NamedTuple):
    """Amounts are decimals as text; net = gross - fee."""

    payout_id: str
    merchant_id: int
    currency: str
    transactions: int
    gross: str
    fee: str
    net: str


def files(bank: Bank, day: date) -> Files:
    return {key(day): encode(day, payouts(bank, day))}


def key(day: date) -> str:
    return f"{folder(NAME, day)}payouts.json"


def encode(day: date, rows: list[Payout]) -> bytes:
    return to_json({"payout_date": day.isoformat(), "payouts": [row._asdict() for row in rows]})


def payouts(bank: Bank, day: date) -> list[Payout]:
    """By merchant; the gross is the sum of the merchant's sales that were booked that day."""
    gross: defaultdict[int, Decimal] = defaultdict(Decimal)
    count: Counter[int] = Counter()
    for hour in Interval.of_day(day).hours():
        for sale in sales(bank, hour):
            merchant = sale.merchant_id or 0
            gross[merchant] += sale.amount
            count[merchant] += 1
    return [_payout(bank, day, merchant, gross[merchant], count[merchant]) for merchant in sorted(gross)]


def _payout(bank: Bank, day: date, merchant: int, gross: Decimal, count: int) -> Payout:
    fee = round(gross * _SHARE + _EACH * count, 2)
    currency = people.currency(owner(bank, merchant))
    return Payout(
        f"PO-{day:%Y%m%d}-{merchant}", merchant, currency, count, *map(str, (gross, fee, gross - fee))
    )


FEED = Feed(NAME, files)

"""Statements of our accounts at correspondent banks: a CSV per currency, as camt.053 flattened to entries.

Each evening the account is swept to a balance that depends on the day alone, so that any day can be made
without those before it, and still opens with what the day before closed with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from local.sources import people
from local.sources.bank import Bank
from local.sources.cards import network
from local.sources.draw import money
from local.sources.feeds.card_settlement import settled
from local.sources.feeds.feed import Feed, Files, folder, to_csv
from local.sources.feeds.processor_payouts import payouts
from local.sources.payments import instructions
from local.sources.times import Interval

NAME = "bank_statements"
COLUMNS = ("account", "statement_date", "currency", "opening_balance", "closing_balance", "entry_number",
           "reference", "amount")  # fmt: skip
SWEEP = "SWEEP"
Entry = tuple[str, Decimal]


def files(bank: Bank, day: date) -> Files:
    """Opening balance plus amounts (negative where money leaves) make the closing balance."""
    found = movements(bank, day)
    return {key(day, each): encode(bank, day, each, found[each]) for each in people.CURRENCIES}


def key(day: date, currency: str) -> str:
    return f"{folder(NAME, day)}{currency}.csv"


def movements(bank: Bank, day: date) -> dict[str, list[Entry]]:
    """Reference and amount by currency: a day's settlements, payments and payouts, summed up."""
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in settled(bank, day):
        sums[row.currency, f"{network(row.card_id).upper()}-{day}"] -= row.amount
    for hour in Interval.of_day(day).hours():
        for order in instructions(bank, hour):
            if order.scheme != "internal":
                sums[order.currency, f"{order.scheme.upper()}-{day}"] -= order.amount
    for payout in payouts(bank, day):
        sums[payout.currency, payout.payout_id] += Decimal(payout.net)
    entries: dict[str, list[Entry]] = {currency: [] for currency in people.CURRENCIES}
    for (currency, reference), amount in sorted(sums.items()):
        entries[currency].append((reference, amount))
    return entries


def encode(bank: Bank, day: date, currency: str, entries: list[Entry]) -> bytes:
    """A whole statement, with the sweep as its last entry."""
    return to_csv(COLUMNS, _rows(bank, day, currency, entries))


def _rows(bank: Bank, day: date, currency: str, entries: list[Entry]) -> Iterator[tuple[object, ...]]:
    opening, closing = _closing(bank, day - timedelta(days=1), currency), _closing(bank, day, currency)
    sweep = (f"{SWEEP}-{day}", closing - opening - sum(amount for _, amount in entries))
    for number, (reference, amount) in enumerate([*entries, sweep], 1):
        yield f"NOSTRO-{currency}", day, currency, opening, closing, number, reference, amount


def _closing(bank: Bank, day: date, currency: str) -> Decimal:
    return money(500_000_000 + bank.number(10_000_000, "balance", day, currency))


FEED = Feed(NAME, files)

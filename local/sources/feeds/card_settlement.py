"""What the card schemes settled for a day: a CSV per scheme, whose trailer counts and adds up its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from local.sources.bank import Bank
from local.sources.cards import NETWORKS, Authorization, authorizations, masked, network
from local.sources.feeds.feed import Feed, Files, folder, to_csv
from local.sources.times import Interval

NAME, TRAILER = "card_settlement", "TRAILER"
COLUMNS = ("authorization_id", "authorization_code", "card_number_masked", "merchant_id", "amount",
           "currency", "settlement_date")  # fmt: skip


def files(bank: Bank, day: date) -> Files:
    """Each authorisation that was not declined is in exactly one of the files."""
    rows: dict[str, list[Authorization]] = {name: [] for name in NETWORKS}
    for row in settled(bank, day):
        rows[network(row.card_id)].append(row)
    return {key(day, name): encode(bank, found) for name, found in rows.items()}


def key(day: date, scheme: str) -> str:
    return f"{folder(NAME, day)}{scheme}.csv"


def settled(bank: Bank, day: date) -> Iterator[Authorization]:
    """What a day's files have, of all schemes."""
    for hour in Interval.of_day(day).hours():
        yield from (row for row in authorizations(bank, hour) if row.settlement_date)


def encode(bank: Bank, rows: Sequence[Authorization]) -> bytes:
    """A whole file. The trailer's total is over all currencies, as a checksum is."""
    body = [
        (row.authorization_id, row.authorization_code, masked(bank, row.card_id), row.merchant_id, row.amount,
         row.currency, row.settlement_date)
        for row in rows
    ]  # fmt: skip
    return to_csv(COLUMNS, [*body, (TRAILER, len(rows), f"{sum(row.amount for row in rows):.2f}")])


FEED = Feed(NAME, files)

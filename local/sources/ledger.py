"""The general ledger's side of the transactions: one entry per batch of a kind, posted each hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from local.sources.bank import Bank, key
from local.sources.times import FIRST_HOUR, HOUR
from local.sources.transactions import transactions

GL_ACCOUNTS = {
    1000: ("Cash at central bank", "asset"),
    1100: ("Receivable from payment processor", "asset"),
    2000: ("Customer deposits", "liability"),
    2100: ("Payable to card schemes", "liability"),
    2200: ("ACH clearing", "liability"),
    2300: ("Wire clearing", "liability"),
    2400: ("Internal transfers in transit", "liability"),
    3000: ("Equity", "equity"),
    4000: ("Fee income", "income"),
    4100: ("Interchange income", "income"),
}
_DEPOSITS, _SCHEMES, _INTERCHANGE = 2000, 2100, 4100
_SIDES = {  # kind of transaction -> debit, credit
    "card_purchase": (_DEPOSITS, _SCHEMES),
    "ach_payment": (_DEPOSITS, 2200),
    "wire_payment": (_DEPOSITS, 2300),
    "transfer_out": (_DEPOSITS, 2400),
    "transfer_in": (2400, _DEPOSITS),
    "merchant_sale": (1100, _DEPOSITS),
    "deposit": (1000, _DEPOSITS),
    "fee": (_DEPOSITS, 4000),
}
_INTERCHANGE_SHARE = Decimal("0.002")
_BATCH = 20


class GlAccount(NamedTuple):
    gl_account_id: int
    name: str
    kind: str
    updated_at: datetime


class Entry(NamedTuple):
    entry_id: int
    booked_on: date
    source: str
    currency: str
    posted_at: datetime
    updated_at: datetime


class Line(NamedTuple):
    entry_id: int
    line_number: int
    gl_account_id: int
    debit: Decimal
    credit: Decimal
    updated_at: datetime


class Period(NamedTuple):
    business_date: date
    status: str
    closed_at: datetime | None
    updated_at: datetime


class _Batch(NamedTuple):
    number: int
    kind: str
    currency: str
    total: Decimal


def first_gl_accounts(_bank: Bank) -> Iterator[GlAccount]:
    return (GlAccount(number, *rest, FIRST_HOUR) for number, rest in GL_ACCOUNTS.items())


def entries(bank: Bank, hour: datetime) -> Iterator[Entry]:
    """Posted when the hour ends, in its last second."""
    at = _posted(hour)
    for batch in _batches(bank, hour):
        yield Entry(key(hour, batch.number), hour.date(), batch.kind, batch.currency, at, at)


def lines(bank: Bank, hour: datetime) -> Iterator[Line]:
    """Two for each entry, or three where the schemes leave us a share."""
    at, nothing = _posted(hour), Decimal("0.00")
    for batch in _batches(bank, hour):
        debit, credit = _SIDES[batch.kind]
        share = round(batch.total * _INTERCHANGE_SHARE, 2) if credit == _SCHEMES else nothing
        sides = [(debit, batch.total, nothing), (credit, nothing, batch.total - share)]
        if share:
            sides.append((_INTERCHANGE, nothing, share))
        for number, side in enumerate(sides, 1):
            yield Line(key(hour, batch.number), number, *side, at)


def new_periods(_bank: Bank, hour: datetime) -> Iterator[Period]:
    """Each day is opened with its first hour; closing it is an act of its own."""
    if hour.hour == 0:
        yield Period(hour.date(), "open", None, hour)


def _batches(bank: Bank, hour: datetime) -> Iterator[_Batch]:
    """The hour's transactions, twenty and twenty; few are open at a time."""
    open_ones: dict[tuple[str, str], tuple[int, Decimal]] = {}
    number = 0
    for row in transactions(bank, hour):
        of = (row.kind, row.currency)
        count, total = open_ones.pop(of, (0, Decimal(0)))
        if count + 1 == _BATCH:
            yield _Batch(number, *of, total + row.amount)
            number += 1
        else:
            open_ones[of] = (count + 1, total + row.amount)
    for left, (of, (_, total)) in enumerate(sorted(open_ones.items()), number):
        yield _Batch(left, *of, total)


def _posted(hour: datetime) -> datetime:
    return hour + HOUR - HOUR / 3600

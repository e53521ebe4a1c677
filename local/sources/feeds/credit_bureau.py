"""Scores of our customers, from the credit bureau: one Parquet file each Sunday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from local.sources.bank import Bank
from local.sources.feeds.feed import Feed, Files, folder
from local.sources.feeds.parquet import Column, Kind, to_parquet

NAME = "credit_bureau"
LOWEST, HIGHEST = 300, 850
COLUMNS = (
    Column("customer_id", Kind.INT64),
    Column("bureau", Kind.STRING),
    Column("score", Kind.INT32),
    Column("report_date", Kind.DATE),
)
_CHANGE_WEEKS = 26


class Score(NamedTuple):
    customer_id: int
    bureau: str
    score: int
    report_date: date


def files(bank: Bank, day: date) -> Files:
    return {key(day): encode(scores(bank, day))}


def key(day: date) -> str:
    return f"{folder(NAME, day)}scores.parquet"


def encode(rows: Iterator[Score]) -> bytes:
    return to_parquet(COLUMNS, list(rows))


def scores(bank: Bank, day: date) -> Iterator[Score]:
    """One per person. Each changes by at most ten points and twice a year: the distribution stays."""
    week = day.toordinal() // 7
    for customer in range(1, bank.size.individuals + 1):
        turn = (week + customer) // _CHANGE_WEEKS
        usual = 400 + bank.number(200, "low", customer) + bank.number(200, "high", customer)
        yield Score(customer, "experian", usual + bank.number(11, "change", customer, turn), day)


FEED = Feed(NAME, files, lambda day: day.isoweekday() == 7)

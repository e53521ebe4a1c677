"""The consolidated sanctions list: all of it in one CSV each day; it grows by a name every other day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from local.sources.bank import Bank
from local.sources.feeds.feed import Feed, Files, folder, to_csv

NAME = "sanctions"
_BEGINNING, _EVERY_DAYS = date(2023, 1, 1), 2
_AT_FIRST = 60
# Surnames that no customer has.
_NAMES = ("Abramov", "Belkacem", "Chukwu", "Dragic", "Eskandari", "Farouk", "Golubev")
_PROGRAMMES = ("SDGT", "IRAN", "DPRK", "CYBER2")


class Listed(NamedTuple):
    entity_id: int
    full_name: str
    programme: str
    listed_on: date


def files(bank: Bank, day: date) -> Files:
    return {key(day): encode(entries(bank, day))}


def key(day: date) -> str:
    return f"{folder(NAME, day)}list.csv"


def encode(rows: Iterable[Listed]) -> bytes:
    return to_csv(Listed._fields, rows)


def entries(bank: Bank, day: date) -> Iterator[Listed]:
    """All that are listed on a day, the oldest first."""
    for number in range(_AT_FIRST + (day - _BEGINNING).days // _EVERY_DAYS):
        since = _BEGINNING + timedelta(days=_EVERY_DAYS * max(0, number + 1 - _AT_FIRST))
        name = f"{_NAMES[bank.number(len(_NAMES), 'listed', number)]} {chr(65 + number % 26)}. {number}"
        yield Listed(number + 1, name, _PROGRAMMES[number % len(_PROGRAMMES)], since)


FEED = Feed(NAME, files)

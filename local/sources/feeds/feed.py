"""What a feed is, and how its files are written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from local.sources.bank import Bank

Files = dict[str, bytes]
"""Key in the bucket -> content."""


@dataclass(frozen=True)
class Feed:
    """A feed that comes on some days, once a day is over, with all that belongs to the day."""

    name: str
    files: Callable[[Bank, date], Files]
    comes: Callable[[date], bool] = lambda _: True


@dataclass(frozen=True)
class HourlyFeed:
    """A feed that comes each hour."""

    name: str
    files: Callable[[Bank, datetime], Files]


def folder(feed: str, day: date) -> str:
    """Where a day's files lie, with a slash at the end."""
    return f"{feed}/dt={day.isoformat()}/"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Commas, quotes where needed, one line feed after each row, UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def to_json(document: object) -> bytes:
    """Readable, and with the keys in the order of the document. Money must be text: JSON has no decimals."""
    return json.dumps(document, indent=1).encode() + b"\n"

"""The raw tables of market data, and how a row of each is written in a file and read from it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from lib.warehouse.tables import Merge, Table

STOCK_PRICES = Table(
    "RAW_MARKET",
    "STOCK_PRICES",
    {
        "SYMBOL": "VARCHAR",
        "DATE": "DATE",
        "OPEN_PRICE": "NUMBER(18, 4)",
        "HIGH": "NUMBER(18, 4)",
        "LOW": "NUMBER(18, 4)",
        "CLOSE_PRICE": "NUMBER(18, 4)",
        "VOLUME": "NUMBER(38, 0)",
    },
    key=("SYMBOL", "DATE"),
    # What was told later is right: prices are corrected.
    how=Merge(),
)
DIM_METADATA = Table(
    "RAW_MARKET",
    "DIM_METADATA",
    {
        "SYMBOL": "VARCHAR",
        "COMPANY_NAME": "VARCHAR",
        "SECTOR": "VARCHAR",
        "INDUSTRY": "VARCHAR",
        "EXCHANGE": "VARCHAR",
        "CURRENCY": "VARCHAR",
        "COUNTRY": "VARCHAR",
    },
    key=("SYMBOL",),
    how=Merge(),
)
DIM_DATE = Table(
    "RAW_MARKET",
    "DIM_DATE",
    {
        "DATE": "DATE",
        "DAY": "NUMBER(2, 0)",
        "MONTH": "NUMBER(2, 0)",
        "YEAR": "NUMBER(4, 0)",
        "QUARTER": "NUMBER(1, 0)",
        "DAY_OF_WEEK": "NUMBER(1, 0)",
        "WEEK_OF_YEAR": "NUMBER(2, 0)",
    },
    key=("DATE",),
    how=Merge(),
)
TABLES = (STOCK_PRICES, DIM_METADATA, DIM_DATE)

Row = Sequence[object]


def write_csv(table: Table, rows: Iterable[Row]) -> bytes:
    """Rows, their values in the order of the table's columns, below a line of its names. None is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def read_csv(table: Table, body: bytes) -> Iterator[tuple[object, ...]]:
    """The rows of such a file, typed as the table's columns. Raises ValueError where it is another's."""
    reader = csv.reader(io.StringIO(body.decode()))
    header = next(reader, [])
    if header != list(table.columns):
        raise ValueError(f"{table.full_name}: the file's columns are {header}")
    kinds = list(table.columns.values())
    for row in reader:
        yield tuple(_value(kind, text) for kind, text in zip(kinds, row, strict=True))


def _value(kind: str, text: str) -> object:
    if not text:
        return None
    if kind == "DATE":
        return date.fromisoformat(text)
    return Decimal(text) if kind.startswith("NUMBER") else text

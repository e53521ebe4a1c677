"""The three steps of the stock pipeline: each hands the next nothing but the places of files in the lake.

A step that is run again writes the same files and the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from lib.lake import Lake
from lib.market.client import MarketClient
from lib.market.shape import company_row, date_rows, price_rows
from lib.market.tables import DIM_DATE, DIM_METADATA, STOCK_PRICES, TABLES, read_csv, write_csv
from lib.warehouse.batch import Batch
from lib.warehouse.checks import validate
from lib.warehouse.publish import publish
from lib.warehouse.staging import Staged, drop_staging, stage

SYMBOLS = ("AAPL", "IBM", "JPM", "XOM")
Raw = dict[str, dict[str, str]]
"""By symbol: where its `prices` and its `metadata` lie."""
Check = Callable[[Mapping[str, str]], object]
"""Judges staged rows, by logical table name; raises where they may not be published."""


def extract(client: MarketClient, lake: Lake, batch: Batch, symbols: Sequence[str] = SYMBOLS) -> Raw:
    """Ask for each share's prices and company, and keep the answers as they came. Raises MarketError."""
    folder = _folder("raw", batch)
    return {
        symbol: {
            "prices": lake.write(f"{folder}/{symbol}.prices.json", client.prices(symbol).encode()),
            "metadata": lake.write(f"{folder}/{symbol}.metadata.json", client.company(symbol).encode()),
        }
        for symbol in symbols
    }


def transform(lake: Lake, batch: Batch, raw: Raw) -> dict[str, str]:
    """Write a file of rows for each table; where, by table. Raises Malformed."""
    texts = {
        symbol: {what: lake.read(key).decode() for what, key in keys.items()} for symbol, keys in raw.items()
    }
    before = batch.end.date()
    prices = [row for symbol, text in texts.items() for row in price_rows(symbol, text["prices"], before)]
    tables = (
        (STOCK_PRICES, prices),
        (DIM_METADATA, [company_row(symbol, text["metadata"]) for symbol, text in texts.items()]),
        (DIM_DATE, date_rows(row[1] for row in prices)),
    )
    folder = _folder("rows", batch)
    return {
        table.name: lake.write(f"{folder}/{table.name.lower()}.csv", write_csv(table, found))
        for table, found in tables
    }


def load(connection, lake: Lake, batch: Batch, files: Mapping[str, str], check: Check) -> dict[str, int]:
    """Stage the files' rows, have them checked, and publish them; rows by table.

    Raises what `check` raises, ValueError for a file of another shape, Rejected, Superseded.
    """
    staged: list[Staged] = []
    for table in TABLES:
        key = files[table.name]
        one = stage(connection, table, batch, [(key, read_csv(table, lake.read(key)))])
        validate(connection, one)
        staged.append(one)
    # The calendar is not from the API, but made here: there is nothing to judge in it.
    judged = [one for one in staged if one.table is not DIM_DATE]
    check({f"{one.table.schema}.{one.table.name}".lower(): one.name for one in judged})
    counts = publish(connection, staged)
    for one in staged:
        drop_staging(connection, one)
    return counts


def _folder(step: str, batch: Batch) -> str:
    last_day = (batch.end - timedelta(microseconds=1)).date()
    return f"market/{step}/dt={last_day}"

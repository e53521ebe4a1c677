"""The sources at their smallest, as rows of raw tables: what the ingestion leaves, without its machinery.

Rows go into the stand-in warehouse by files that DuckDB itself reads, which takes a second per day instead of
a millisecond per row.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from local.sources import database
from local.sources.bank import Bank
from local.sources.feeds.feed import Files
from local.sources.landing import deliver
from local.sources.market_prices import COMPANIES, prices
from local.sources.times import Interval
from tests.sources.parquet_reader import read

NUMBER, TEXT, DAY, MOMENT = "NUMBER(38, 0)", "VARCHAR", "DATE", "TIMESTAMP_NTZ"
MONEY = "NUMBER(18, 2)"
_TYPES = {
    "bigint": NUMBER,
    "integer": NUMBER,
    "text": TEXT,
    "character": TEXT,
    "date": DAY,
    "timestamp with time zone": MOMENT,
}
# The files' fields; those of tables the database itself says.
FILE_COLUMNS: dict[str, dict[str, str]] = {
    "RAW_FILES.CARD_SETTLEMENT": {
        "authorization_id": NUMBER, "authorization_code": TEXT, "card_number_masked": TEXT,
        "merchant_id": NUMBER, "amount": MONEY, "currency": TEXT, "settlement_date": DAY,
    },
    "RAW_FILES.ACH_RETURNS": {
        "trace_number": TEXT, "return_code": TEXT, "amount": MONEY, "currency": TEXT, "original_date": DAY,
        "return_date": DAY,
    },
    "RAW_FILES.PROCESSOR_PAYOUTS": {
        "payout_id": TEXT, "payout_date": DAY, "merchant_id": NUMBER, "currency": TEXT,
        "transactions": NUMBER, "gross": MONEY, "fee": MONEY, "net": MONEY,
    },
    "RAW_FILES.BANK_STATEMENTS": {
        "account": TEXT, "statement_date": DAY, "currency": TEXT, "opening_balance": MONEY,
        "closing_balance": MONEY, "entry_number": NUMBER, "reference": TEXT, "amount": MONEY,
    },
    "RAW_FILES.CLICKSTREAM": {
        "event_id": NUMBER, "event_type": TEXT, "customer_id": NUMBER, "session_id": TEXT, "device": TEXT,
        "occurred_at": MOMENT,
    },
    "RAW_FILES.CREDIT_BUREAU": {
        "customer_id": NUMBER, "bureau": TEXT, "score": NUMBER, "report_date": DAY,
    },
    "RAW_FILES.SANCTIONS_LIST": {
        "entity_id": NUMBER, "full_name": TEXT, "programme": TEXT, "listed_on": DAY,
    },
    "RAW_MARKET.FX_RATES": {"base": TEXT, "date": DAY, "quote": TEXT, "rate": "NUMBER(18, 6)"},
    "RAW_MARKET.STOCK_PRICES": {
        "symbol": TEXT, "date": DAY, "open_price": "NUMBER(18, 4)", "high": "NUMBER(18, 4)",
        "low": "NUMBER(18, 4)", "close_price": "NUMBER(18, 4)", "volume": NUMBER,
    },
    "RAW_MARKET.DIM_METADATA": {
        "symbol": TEXT, "company_name": TEXT, "sector": TEXT, "industry": TEXT, "country": TEXT,
        "currency": TEXT,
    },
    "RAW_MARKET.DIM_DATE": {
        "date": DAY, "day": NUMBER, "month": NUMBER, "year": NUMBER, "quarter": NUMBER,
        "day_of_week": NUMBER, "week_of_year": NUMBER,
    },
}  # fmt: skip
KEYS = {
    "RAW_FILES.CARD_SETTLEMENT": ("settlement_date",),
    "RAW_FILES.ACH_RETURNS": ("return_date",),
    "RAW_FILES.PROCESSOR_PAYOUTS": ("payout_date",),
    "RAW_FILES.BANK_STATEMENTS": ("statement_date",),
    "RAW_FILES.CLICKSTREAM": ("event_id",),
    "RAW_FILES.CREDIT_BUREAU": ("report_date",),
    "RAW_MARKET.FX_RATES": ("date",),
    "RAW_MARKET.STOCK_PRICES": ("symbol", "date"),
    "RAW_MARKET.DIM_METADATA": ("symbol",),
    "RAW_MARKET.DIM_DATE": ("date",),
}
"""By what rows that are there already give way to newly loaded ones; without it, all do."""
Row = Mapping[str, Any]


@dataclass
class RawWorld:
    """A bank's database and files, and a warehouse into which they are loaded."""

    bank: Bank
    postgres: str
    warehouse: Any
    folder: Path
    _columns: dict[str, dict[str, str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def prepare(self) -> None:
        """Make all raw tables, empty."""
        self._columns = {**self._database_columns(), **FILE_COLUMNS}
        for name, columns in self._columns.items():
            listed = ", ".join(f'"{column.upper()}" {kind}' for column, kind in columns.items())
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
            self.execute(
                f"CREATE OR REPLACE TABLE {name} ({listed}, _INGESTED_AT {MOMENT}, _BATCH_ID {TEXT},"
                f" _SOURCE_FILE {TEXT})"
            )

    def load_tables(
        self, since: datetime | None, until: datetime, at: datetime, connection: Any = None
    ) -> None:
        """Load what changed in the database in a span of time; what is older too, where it has no begin.

        `connection`: one that sees more than others do.
        """
        with nullcontext(connection) if connection else psycopg.connect(self.postgres) as source:
            for table in database.TABLES:
                if table.name == "ledger.period_close":
                    continue
                columns = ", ".join(self._columns[_raw(table.name)])
                query = (
                    f"SELECT row_to_json(r)::text FROM (SELECT {columns} FROM {table.name}"
                    " WHERE updated_at < %s AND updated_at >= coalesce(%s, updated_at)) r"
                )
                rows = (json.loads(text) for (text,) in source.execute(query.encode(), (until, since)))
                self.load(_raw(table.name), rows, at, keys=self._primary_key(table.name))

    def load_files(self, files: Files, at: datetime) -> None:
        """Load landing files by what they say."""
        for feed, name in _FEEDS.items():
            rows = [row for key, content in sorted(files.items()) for row in _rows(feed, key, content)]
            self.load(name, rows, at, keys=KEYS.get(name, ()))

    def load_market(self, last: date, at: datetime, days: int = 400) -> None:
        """Load prices up to a day, companies, and the calendar of as many days."""
        found = [
            {"symbol": symbol, "date": str(price.day), "open_price": f"{price.open:.4f}",
             "high": f"{price.high:.4f}", "low": f"{price.low:.4f}", "close_price": f"{price.close:.4f}",
             "volume": price.volume}
            for symbol in COMPANIES
            for price in prices(self.bank, symbol, last)
            if price.day > last - timedelta(days=days)
        ]  # fmt: skip
        self.load("RAW_MARKET.STOCK_PRICES", found, at, keys=("symbol", "date"))
        self.load(
            "RAW_MARKET.DIM_METADATA",
            [
                {"symbol": symbol, "company_name": company.name, "sector": company.sector,
                 "industry": company.industry, "country": "USA", "currency": "USD"}
                for symbol, company in COMPANIES.items()
            ],
            at,
            keys=("symbol",),
        )  # fmt: skip
        calendar = (last - timedelta(days=back) for back in range(days))
        self.load("RAW_MARKET.DIM_DATE", map(_calendar, calendar), at, keys=("date",))

    def load_interval(self, interval: Interval, at: datetime, *, first: bool = False) -> None:
        """All that an interval brings, as the database and the feeds have it now."""
        self.load_tables(None if first else interval.start, interval.end, at)
        self.load_files(files_of(self.bank, interval), at)
        self.load_market((interval.end - timedelta(hours=1)).date(), at)

    def load(self, name: str, rows: Iterable[Row], at: datetime, *, keys: Iterable[str]) -> None:
        """Put rows in the place of those with the same keys."""
        columns = self._columns[name]
        file = self.folder / f"{next(self._numbers)}.json"
        lines = [json.dumps({key: row.get(key) for key in columns}) for row in rows]
        if not lines:
            return
        file.write_text("\n".join(lines))
        listed = ", ".join(f'"{column.upper()}"' for column in columns)
        read_columns = ", ".join(f'CAST("{column}" AS {kind})' for column, kind in columns.items())
        same = " AND ".join(f'old."{key.upper()}" = CAST(new."{key}" AS {columns[key]})' for key in keys)
        self.execute(
            f"DELETE FROM {name} AS old"
            + (f" WHERE EXISTS (SELECT 1 FROM read_json('{file}') AS new WHERE {same})" if same else "")
        )
        self.execute(
            f"INSERT INTO {name} ({listed}, _INGESTED_AT, _BATCH_ID, _SOURCE_FILE)"
            f" SELECT {read_columns}, CAST('{at.replace(tzinfo=None)}' AS TIMESTAMP), '{at}', 'test'"
            f" FROM read_json('{file}')"
        )
        file.unlink()

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with self.warehouse.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(statement).fetchall()
            return rows

    def _database_columns(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        with psycopg.connect(self.postgres) as connection:
            rows = connection.execute(
                "SELECT table_schema || '.' || table_name, column_name, data_type, numeric_scale"
                " FROM information_schema.columns WHERE table_schema IN ('core', 'ledger')"
                " AND table_name <> 'period_close' ORDER BY table_name, ordinal_position"
            )
            for table, column, kind, scale in rows:
                number = f"NUMBER(18, {scale})" if kind == "numeric" else _TYPES.get(kind, TEXT)
                found.setdefault(_raw(table), {})[column] = number
        return found

    def _primary_key(self, table: str) -> tuple[str, ...]:
        first = {"core.account_holders": ("account_id", "customer_id"),
                 "ledger.journal_lines": ("entry_id", "line_number")}  # fmt: skip
        return first.get(table, (next(iter(self._columns[_raw(table)])),))


def files_of(bank: Bank, interval: Interval) -> Files:
    """An interval's landing files by key."""
    files: Files = {}
    deliver(files.__setitem__, bank, interval)
    return files


_FEEDS = {
    "card_settlement": "RAW_FILES.CARD_SETTLEMENT",
    "ach_returns": "RAW_FILES.ACH_RETURNS",
    "processor_payouts": "RAW_FILES.PROCESSOR_PAYOUTS",
    "bank_statements": "RAW_FILES.BANK_STATEMENTS",
    "clickstream": "RAW_FILES.CLICKSTREAM",
    "credit_bureau": "RAW_FILES.CREDIT_BUREAU",
    "sanctions": "RAW_FILES.SANCTIONS_LIST",
    "fx_rates": "RAW_MARKET.FX_RATES",
}


def _raw(table: str) -> str:
    return f"RAW_{table.upper()}"


def _rows(feed: str, key: str, content: bytes) -> Iterator[Row]:
    if not key.startswith(f"{feed}/"):
        return
    if key.endswith(".csv"):
        found: Iterable[Row] = csv.DictReader(io.StringIO(content.decode()))
        yield from (row for row in found if row.get("authorization_id") != "TRAILER")
    elif key.endswith(".gz"):
        yield from map(json.loads, gzip.decompress(content).splitlines())
    elif key.endswith(".parquet"):
        yield from ({**row, "report_date": str(row["report_date"])} for row in read(content))
    else:
        document = json.loads(content)
        listed = document.get("payouts") or document.get("rates")
        yield from ({**document, **row} for row in listed)


def _calendar(day: date) -> Row:
    return {
        "date": str(day),
        "day": day.day,
        "month": day.month,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "day_of_week": day.isoweekday(),
        "week_of_year": day.isocalendar().week,
    }

"""A source that changes, a loader that may die at any statement, and what the warehouse then holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from types import SimpleNamespace
from typing import Any

from lib.warehouse.batch import Batch
from lib.warehouse.connecting import connect
from lib.warehouse.load import Source, load
from lib.warehouse.schemas import prepare
from lib.warehouse.tables import Merge, ReplaceInterval, Table

from local.warehouse import Warehouse

DAY, FIRST = timedelta(days=1), datetime(2026, 1, 1, tzinfo=UTC)
INTERVALS = 3
DAG = "ingest_pg_transactions"
TRANSACTIONS = Table(
    "RAW_CORE",
    "TRANSACTIONS",
    {"ID": "NUMBER(38, 0)", "AMOUNT": "NUMBER(12, 2)", "NOTE": "VARCHAR", "UPDATED_AT": "TIMESTAMP_NTZ"},
    key=("ID",),
    how=Merge("UPDATED_AT"),
)
SETTLEMENT = Table(
    "RAW_FILES",
    "CARD_SETTLEMENT",
    {"LINE": "NUMBER(38, 0)", "SETTLED_ON": "DATE", "AMOUNT": "NUMBER(12, 2)"},
    key=("LINE", "SETTLED_ON"),
    how=ReplaceInterval("SETTLED_ON"),
)
TABLES = (TRANSACTIONS, SETTLEMENT)
_NUMBERS = count(1)


class Killed(BaseException):
    """The process of the task is gone."""


def batch(number: int) -> Batch:
    """The batch of an interval, the first being 0."""
    return Batch(DAG, FIRST + number * DAY, FIRST + (number + 1) * DAY)


@dataclass
class World:
    """A source: a table with its present rows, and a file per day. `stale`: intervals to be run (again)."""

    rows: dict[int, tuple[Decimal, str | None, datetime]] = field(default_factory=dict)
    files: dict[int, list[Decimal]] = field(default_factory=dict)
    stale: set[int] = field(default_factory=lambda: set(range(INTERVALS)))

    def write(self, key: int, interval: int, cents: int) -> None:
        """A row is new, or changed, in an interval; never before its last change."""
        before = self.rows.get(key)
        at = (FIRST + interval * DAY + timedelta(minutes=key)).replace(tzinfo=None)
        if before is not None and before[2] >= at:
            at = before[2] + timedelta(seconds=1)
        if (at - FIRST.replace(tzinfo=None)) >= INTERVALS * DAY:
            return
        self.rows[key] = (Decimal(cents) / 100, None if cents % 3 else f"it's {cents}", at)
        for changed in (before, self.rows[key]):
            if changed is not None:
                day = (changed[2] - FIRST.replace(tzinfo=None)).days
                self.stale |= {day, day + 1} & set(range(INTERVALS))

    def deliver(self, interval: int, cents: list[int]) -> None:
        """A day's file is delivered, or delivered again with other content."""
        self.files[interval] = [Decimal(one) / 100 for one in cents]
        self.stale.add(interval)

    def sources(self, number: int) -> list[Source]:
        """What an interval reads now: the rows that changed in it or in the day before, and its file."""
        this = batch(number)
        since, until = (this.start - DAY).replace(tzinfo=None), this.end.replace(tzinfo=None)
        rows = [(key, *row) for key, row in self.rows.items() if since <= row[2] < until]
        lines = [(line, this.start.date(), amount) for line, amount in enumerate(self.files.get(number, []))]
        return [
            Source(TRANSACTIONS, {"postgres:core.transactions": rows}, expected=len(rows)),
            Source(SETTLEMENT, {f"card_settlement/dt={this.start.date()}/a.csv": lines}),
        ]


class Fragile:
    """A connection whose owner is killed before or after its statement `number`, and does nothing after."""

    def __init__(self, connection: Any, number: int, *, before: bool) -> None:
        self._connection, self._left, self._before = connection, number, before
        self.dead = False

    @contextmanager
    def cursor(self) -> Iterator[FragileCursor]:
        with self._connection.cursor() as cursor:
            yield FragileCursor(self, cursor)

    def step(self, act: Any) -> Any:
        """Do one statement, or die."""
        self._left -= 1
        if self.dead or (self._left == 0 and self._before):
            self.dead = True
            raise Killed
        done = act()
        if self._left == 0:
            self.dead = True
            raise Killed
        return done


class FragileCursor:
    """A cursor of such a connection."""

    def __init__(self, owner: Fragile, cursor: Any) -> None:
        self._owner, self._cursor = owner, cursor

    def execute(self, *arguments: Any) -> Any:
        return self._owner.step(lambda: self._cursor.execute(*arguments))

    def executemany(self, *arguments: Any) -> Any:
        return self._owner.step(lambda: self._cursor.executemany(*arguments))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@dataclass
class Database:
    """A database of a test's own."""

    warehouse: Warehouse
    name: str = field(default_factory=lambda: f"FINEDGE_T{next(_NUMBERS)}")

    @cached_property
    def connection(self) -> Any:
        """For all but those who are killed: connecting costs more than loading."""
        return self.connect()

    def connect(self) -> Any:
        return connect(
            {**self.warehouse.login, "database": self.name, "schema": "OPS", "network_timeout": 20}
        )

    def secret(self) -> dict[str, object]:
        """The Airflow connection `warehouse` to it, as a secret."""
        login = self.warehouse.login
        extra = {"account": login["account"], "database": self.name, "protocol": login["protocol"]}
        named = {"conn_type": "snowflake", "login": login["user"], "schema": "OPS", "extra": extra}
        return {**named, **{name: login[name] for name in ("host", "port", "password")}}

    def airflow(self) -> SimpleNamespace:
        """The same, as a task has it."""
        values = self.secret()
        return SimpleNamespace(**values, extra_dejson=values["extra"])

    def prepare(self) -> Database:
        prepare(self.connection, TABLES)
        return self

    def empty(self) -> Database:
        """Delete what was loaded; what crashed tries have staged stays."""
        with self.connection.cursor() as cursor:
            for name in (*(table.full_name for table in TABLES), "OPS.LOAD_MANIFEST"):
                cursor.execute(f"DELETE FROM {name}")
        return self

    def run(self, world: World, number: int) -> None:
        """Run an interval to its end."""
        load(self.connection, batch(number), world.sources(number))
        world.stale.discard(number)

    def crash(self, world: World, number: int, at: int, *, before: bool) -> bool:
        """Run an interval and be killed at a statement; False when it ended before that."""
        with closing(self.connect()) as connection:
            fragile = Fragile(connection, at, before=before)
            with suppress(Killed):
                load(fragile, batch(number), world.sources(number))
            return fragile.dead

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(query).fetchall()
            return rows

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """All but the moments at which things were loaded."""
        with self.connection.cursor() as cursor:
            found = {}
            for table in TABLES:
                kept = ", ".join(f'"{name}"' for name in table.all_columns if name != "_INGESTED_AT")
                order = ", ".join(f'"{name}"' for name in table.key)
                found[table.name] = cursor.execute(
                    f"SELECT {kept} FROM {table.full_name} ORDER BY {order}"
                ).fetchall()
            found["manifest"] = cursor.execute(
                'SELECT "BATCH_ID", "DAG_ID", "INTERVAL_START", "INTERVAL_END", "ROW_COUNT", "TARGETS" '
                "FROM OPS.LOAD_MANIFEST ORDER BY 1"
            ).fetchall()
            return found

    def staging_tables(self) -> list[str]:
        found = self.ask("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%STG%'")
        return sorted(name for (name,) in found)


def checksum(contents: dict[str, list[tuple[Any, ...]]]) -> str:
    """A digest of what a database holds."""
    return hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()

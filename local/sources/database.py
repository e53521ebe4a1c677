"""Fills PostgreSQL with the bank: what was there from the beginning, then hour after hour.

Called by the local stack and by tests. Rows are streamed with COPY as they are made, so memory does not grow
with the size. Each hour is one transaction: whoever dies on the way leaves whole hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from local.films_source import create_database
from local.sources import accounts, cards, customers, ledger, loans, payments
from local.sources import transactions as moves
from local.sources.bank import Bank
from local.sources.changes import Change, changes
from local.sources.times import DAY, Interval, midnight

SCHEMAS = ("core", "ledger")
_FILES = Path(__file__).with_name("schema")
Connection = psycopg.Connection[tuple[Any, ...]]
Rows = Iterator[Any]  # of one NamedTuple, whose fields are the table's columns


@dataclass(frozen=True)
class Table:
    """A table, and where its rows come from."""

    name: str
    first: Callable[[Bank], Rows] | None = None
    hourly: Callable[[Bank, datetime], Rows] | None = None


TABLES = (
    Table("core.customers", customers.first_customers, customers.new_customers),
    Table("core.addresses", customers.first_addresses, customers.new_addresses),
    Table("core.kyc_status", customers.first_checks, customers.new_checks),
    Table("core.accounts", accounts.first_accounts, accounts.new_accounts),
    Table("core.account_holders", accounts.first_holders, accounts.new_holders),
    Table("core.merchants", cards.first_merchants),
    Table("core.cards", cards.first_cards, cards.new_cards),
    Table("core.card_authorizations", hourly=cards.authorizations),
    Table("core.payment_instructions", hourly=payments.instructions),
    Table("core.transactions", hourly=moves.transactions),
    Table("core.transfers", hourly=payments.transfers),
    Table("core.loans", loans.first_loans, loans.new_loans),
    Table("core.loan_repayments", hourly=loans.repayments),
    Table("ledger.gl_accounts", ledger.first_gl_accounts),
    Table("ledger.journal_entries", hourly=ledger.entries),
    Table("ledger.journal_lines", hourly=ledger.lines),
    Table("ledger.period_close", hourly=ledger.new_periods),
)
"""In an order in which references find what they name."""


def seed(url: str, bank: Bank, interval: Interval) -> Counter[str]:
    """Make the database anew, with an interval whose whole days are closed; rows by table.

    Drops what its schemas held. Raises psycopg.Error.
    """
    create_database(url)
    with psycopg.connect(url) as connection:
        create(connection)
        counts = found(connection, bank) + append(connection, bank, interval)
        for day in interval.days():
            close(connection, day)
    return counts


def create(connection: Connection) -> None:
    """Make both schemas, empty. Drops them first."""
    with connection.transaction():
        for schema in SCHEMAS:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
            connection.execute((_FILES / f"{schema}.sql").read_bytes())


def found(connection: Connection, bank: Bank) -> Counter[str]:
    """Add the rows that are older than every interval; their number by table."""
    with connection.transaction():
        made = {table.name: table.first(bank) for table in TABLES if table.first}
        return Counter({name: _copy(connection, name, rows) for name, rows in made.items()})


def append(connection: Connection, bank: Bank, interval: Interval) -> Counter[str]:
    """Add the interval's rows and make its changes, hour by hour; rows added by table.

    Raises psycopg.errors.UniqueViolation at the first hour that is there already.
    """
    counts: Counter[str] = Counter()
    for hour in interval.hours():
        with connection.transaction():
            for table in TABLES:
                if table.hourly:
                    counts[table.name] += _copy(connection, table.name, table.hourly(bank, hour))
            for change in changes(bank, hour):
                _change(connection, change)
    return counts


def close(connection: Connection, day: date) -> None:
    """Tell that a day's ledger is complete, 20 minutes after its end. Raises LookupError: no such day."""
    at = midnight(day) + DAY + timedelta(minutes=20)
    closing = "UPDATE ledger.period_close SET status = 'closed', closed_at = %s, updated_at = %s"
    done = connection.execute(f"{closing} WHERE business_date = %s", (at, at, day))
    if done.rowcount != 1:
        raise LookupError(f"the ledger has no day {day}")


def _copy(connection: Connection, table: str, rows: Rows) -> int:
    """Stream rows into a table; how many there were."""
    first = next(rows, None)
    if first is None:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, first._fields))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(*table.split(".")), columns)
    count = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in chain([first], rows):
            copy.write_row(row)
            count += 1
    return count


def _change(connection: Connection, change: Change) -> None:
    if not change.rows:
        return
    numbers, moments = map(list, zip(*change.rows, strict=True))
    statement = sql.SQL(
        "UPDATE {table} AS old SET {column} = %s, updated_at = new.at"
        " FROM unnest(%s::bigint[], %s::timestamptz[]) AS new (key, at)"
        " WHERE old.{key} = new.key AND (%s::text IS NULL OR old.{column} = %s)"
    ).format(
        table=sql.Identifier(*change.table.split(".")),
        column=sql.Identifier(change.column),
        key=sql.Identifier(change.key),
    )
    connection.execute(statement, (change.value, numbers, moments, change.before, change.before))

"""Reads tables of PostgreSQL through a cursor of the server: memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ, connection

_ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True)
class Query:
    """Rows of a table whose watermark lies before `until`, and not before `since` where that is told."""

    schema: str
    table: str
    columns: Sequence[str]
    watermark: str
    since: datetime | None
    until: datetime

    @property
    def name(self) -> str:
        """Where its rows come from, for `_SOURCE_FILE`."""
        return f"postgres:{self.schema}.{self.table}"


def one_moment(source: connection) -> None:
    """Let all that a fresh connection reads be of one moment, so that its tables agree."""
    source.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)


def missing_columns(source: connection, query: Query) -> list[str]:
    """The columns that the source does not have (any more)."""
    with source.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            (query.schema, query.table),
        )
        present = {name for (name,) in cursor.fetchall()}
    return sorted(set(query.columns) - present)


def rows(source: connection, query: Query) -> Iterator[tuple[object, ...]]:
    """The query's rows, values in the order of its columns. Raises psycopg2.Error."""
    watermark = sql.Identifier(query.watermark)
    since = sql.SQL("AND {} >= %s").format(watermark) if query.since else sql.SQL("")
    statement = sql.SQL("SELECT {} FROM {} WHERE {} < %s {}").format(
        sql.SQL(", ").join(map(sql.Identifier, query.columns)),
        sql.Identifier(query.schema, query.table),
        watermark,
        since,
    )
    with source.cursor("rows") as cursor:
        cursor.itersize = _ROWS_AT_A_TIME
        cursor.execute(statement, (query.until, *([query.since] if query.since else [])))
        yield from cursor


def closed(source: connection, days: Iterable[object]) -> bool:
    """Whether the ledger has closed all these days."""
    wanted = list(days)
    with source, source.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger.period_close WHERE status = 'closed' AND business_date = ANY(%s)",
            (wanted,),
        )
        return bool(cursor.fetchone()[0] == len(wanted))

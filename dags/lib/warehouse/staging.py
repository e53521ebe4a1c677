"""Puts a batch's rows beside their table, in a staging table of the batch's own.

A try begins with an empty one, whatever an earlier try left. Each row carries the moment at which its try
began: a try that lost its staging table to a newer one sees none of that one's rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.warehouse.batch import Batch, stored
from lib.warehouse.bulk import Row, send
from lib.warehouse.names import column_type, quoted
from lib.warehouse.tables import INGESTED_AT, Table

MARK = "__STG_"


@dataclass(frozen=True)
class Staged:
    """The rows that one try has staged: `at` marks them, `rows` counts them."""

    table: Table
    batch: Batch
    at: datetime
    rows: int

    @property
    def name(self) -> str:
        return staging_name(self.table, self.batch)


def staging_name(table: Table, batch: Batch) -> str:
    """Where a batch's rows for a table are staged, quoted."""
    return quoted(table.schema, plain_name(table, batch))


def plain_name(table: Table, batch: Batch) -> str:
    """The same, without its schema and quotes."""
    return f"{table.name}{MARK}{batch.suffix}"


def stage(connection, table: Table, batch: Batch, sources: Iterable[tuple[str, Iterable[Row]]]) -> Staged:
    """Stage rows, their values in the order of the table's columns; `sources` names where they come from."""
    at = datetime.now(UTC)
    with connection.cursor() as cursor:
        create_staging(cursor, table, batch, at)
        rows = ((*row, stored(at), batch.id, source) for source, found in sources for row in found)
        count = send(cursor, table.schema, plain_name(table, batch), [*table.all_columns], rows)
    return Staged(table, batch, at, count)


def create_staging(cursor, table: Table, batch: Batch, at: datetime) -> None:
    """Make the batch's staging table anew, empty, for a try that began `at`."""
    columns = ", ".join(f"{quoted(one)} {column_type(kind)}" for one, kind in table.all_columns.items())
    cursor.execute(
        f"CREATE OR REPLACE TRANSIENT TABLE {staging_name(table, batch)} ({columns}) "
        f"COMMENT = '{stored(at).isoformat()}'"
    )


def drop_staging(connection, staged: Staged) -> None:
    """Remove the batch's staging table."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {staged.name}")


def clean_staging(connection, schema: str, before: datetime) -> list[str]:
    """Drop what crashed tries left in a schema that were begun before a moment; returns the names."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "TABLE_NAME", "COMMENT" FROM "INFORMATION_SCHEMA"."TABLES" '
            'WHERE "TABLE_SCHEMA" = ? AND POSITION(? IN "TABLE_NAME") > 0',
            (schema, MARK),
        )
        old = sorted(
            name for name, comment in cursor.fetchall() if (comment or "") < stored(before).isoformat()
        )
        for name in old:
            cursor.execute(f"DROP TABLE IF EXISTS {quoted(schema, name)}")
    return old


def own_rows(staged: Staged) -> tuple[str, tuple[object, ...]]:
    """A condition that is true for this try's rows alone, and the values to bind in it."""
    return f"{quoted(INGESTED_AT)} = ?", (stored(staged.at),)

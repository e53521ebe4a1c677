"""Copies whole tables from one PostgreSQL to another, as often as one likes, with the same result.

Called by tasks. All tables are read from one snapshot of the source, staged beside their targets, counted,
and replaced in one transaction: readers see all of the old rows or all of the new ones, and whoever dies on
the way leaves nothing behind.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from psycopg2 import OperationalError, sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ, connection

log = logging.getLogger(__name__)

# Larger copies go through a file instead of memory (bytes).
_IN_MEMORY = 16 * 1024 * 1024


@dataclass(frozen=True)
class Table:
    """A table to copy: its name, type by column, and the columns of its primary key."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]

    @property
    def column_list(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


class CountsDiffer(Exception):
    """The destination does not hold as many rows as the source; nothing was replaced."""


class NothingThere(Exception):
    """The source has its tables and no row in any of them: it is still being filled; nothing was replaced."""


def missing_tables(source: connection, names: Iterable[str], schema: str = "public") -> list[str]:
    """The tables that the source does not have (yet), asked by a real query."""
    with source, source.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
        present = {name for (name,) in cursor.fetchall()}
    return sorted(set(names) - present)


def is_starting(error: OperationalError) -> bool:
    """Whether a server that refuses connections may yet accept them: not so for a wrong password or name."""
    return not any(
        text in str(error) for text in ("authentication failed", "does not exist", "no pg_hba.conf")
    )


def replace_tables(
    source: connection, destination: connection, tables: Iterable[Table], schema: str
) -> dict[str, int]:
    """Make `schema` of the destination hold what the source's `public` holds; rows by table.

    Both connections must be fresh. Raises CountsDiffer, NothingThere, or psycopg2.Error; nothing is changed
    then.
    """
    counts: dict[str, int] = {}
    source.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
    with closing(source.cursor()) as reader, destination, destination.cursor() as writer:
        # Runs that overlap would replace each other's rows half way: the second waits.
        writer.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"replace_tables {schema}",))
        writer.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        for table in tables:
            counts[table.name] = _replace(reader, writer, table, schema)
            log.info("%s.%s: %s rows", schema, table.name, counts[table.name])
        if not any(counts.values()):
            raise NothingThere(f"no row in {', '.join(counts)}")
    source.rollback()
    return counts


def _replace(reader, writer, table: Table, schema: str) -> int:
    target, staged = sql.Identifier(schema, table.name), sql.Identifier(f"staged_{table.name}")
    writer.execute(_create(target, table))
    writer.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {} INCLUDING ALL) ON COMMIT DROP").format(staged, target)
    )
    _stream(reader, writer, table, staged)
    # Not TRUNCATE: it would block those who read, until the end of the transaction.
    writer.execute(sql.SQL("DELETE FROM {}").format(target))
    writer.execute(
        sql.SQL("INSERT INTO {} ({columns}) SELECT {columns} FROM {}").format(
            target, staged, columns=table.column_list
        )
    )
    wanted, found = _count(reader, sql.Identifier("public", table.name)), _count(writer, target)
    if wanted != found:
        raise CountsDiffer(f"{table.name}: the source has {wanted} rows, {schema} would have {found}")
    return found


def _create(target: sql.Identifier, table: Table) -> sql.Composed:
    # The types are our own words, not input.
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in table.columns.items()
    ]
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    return sql.SQL("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({}))").format(
        target, sql.SQL(", ").join(columns), key
    )


def _stream(reader, writer, table: Table, staged: sql.Identifier) -> None:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as rows:
        unload = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
            table.column_list, sql.Identifier("public", table.name)
        )
        reader.copy_expert(unload, rows)
        rows.seek(0)
        writer.copy_expert(sql.SQL("COPY {} ({}) FROM STDIN").format(staged, table.column_list), rows)


def _count(cursor, table: sql.Identifier) -> int:
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
    return int(cursor.fetchone()[0])

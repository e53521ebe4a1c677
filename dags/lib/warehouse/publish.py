"""Makes staged rows visible: all tables of a batch, and its line in OPS.LOAD_MANIFEST, in one transaction.

No DDL in between: it would commit half of it. Whoever dies on the way leaves nothing of the transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from lib.warehouse.checks import interval
from lib.warehouse.manifest import write_manifest
from lib.warehouse.names import quoted
from lib.warehouse.staging import Staged, own_rows
from lib.warehouse.tables import BATCH_ID, INGESTED_AT, Merge, ReplaceAll, ReplaceInterval, Table
from lib.warehouse.transaction import patiently, transaction

log = logging.getLogger(__name__)


class Superseded(Exception):
    """A newer try of the same batch has taken over its staging table; nothing was changed."""


def publish(
    connection, staged: Sequence[Staged], also: Callable[[Any], None] | None = None
) -> dict[str, int]:
    """Merge or replace, as each table wants it, all that a batch has staged; rows by table.

    `also` is given the cursor, to write in the same transaction. Tries again when others' transactions are
    in the way. Raises Superseded, or what the connector raises; nothing is changed then. The connection must
    have no transaction open.
    """
    (batch,) = {one.batch for one in staged}
    counts = {f"{one.table.schema}.{one.table.name}": one.rows for one in staged}

    def once() -> None:
        with connection.cursor() as cursor, transaction(cursor):
            for one in staged:
                _write(cursor, one)
            if also:
                also(cursor)
            write_manifest(cursor, batch, counts)
            _still_ours(cursor, staged)

    patiently(once)
    log.info("%s: %s", batch.id, counts)
    return counts


def _write(cursor, staged: Staged) -> None:
    table, (condition, values) = staged.table, own_rows(staged)
    if isinstance(table.how, Merge):
        cursor.execute(_merge(table, f"SELECT * FROM {staged.name} WHERE {condition}"), values)
        return
    if isinstance(table.how, ReplaceAll):
        _replace_all(cursor, staged)
        return
    column = quoted(table.how.column)
    cursor.execute(f"DELETE FROM {table.full_name} WHERE {column} >= ? AND {column} < ?", interval(staged))
    cursor.execute(
        f"INSERT INTO {table.full_name} ({table.column_list}) "
        f"SELECT {table.column_list} FROM {staged.name} WHERE {condition}",
        values,
    )


def _replace_all(cursor, staged: Staged) -> None:
    table, (condition, values) = staged.table, own_rows(staged)
    batch, ours = quoted(BATCH_ID), (staged.batch.id,)
    cursor.execute(f"DELETE FROM {table.full_name} WHERE {batch} <= ?", ours)
    cursor.execute(
        f"INSERT INTO {table.full_name} ({table.column_list}) "
        f"SELECT {table.column_list} FROM {staged.name} WHERE {condition} "
        f"AND NOT EXISTS (SELECT 1 FROM {table.full_name} WHERE {batch} > ?)",
        (*values, *ours),
    )


def _merge(table: Table, rows: str) -> str:
    names = [quoted(name) for name in table.all_columns]
    same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in table.key)
    changed = ", ".join(f"{name} = {_new_value(table, name)}" for name in names)
    inserted = ", ".join(f"s.{name}" for name in names)
    return (
        f"MERGE INTO {table.full_name} t USING ({rows}) s ON {same} "
        f"WHEN MATCHED AND {_newer(table)} THEN UPDATE SET {changed} "
        f"WHEN NOT MATCHED THEN INSERT ({table.column_list}) VALUES ({inserted})"
    )


def _new_value(table: Table, name: str) -> str:
    """A row that only comes again was not loaded again: who looks for what is new need not look at it."""
    if name != quoted(INGESTED_AT) or not isinstance(table.how, Merge) or table.how.version is None:
        return f"s.{name}"
    own = [quoted(column) for column in table.columns if column not in table.key]
    same = " AND ".join(f"t.{column} IS NOT DISTINCT FROM s.{column}" for column in own)
    return f"CASE WHEN {same} THEN t.{name} ELSE s.{name} END"


def _newer(table: Table) -> str:
    later = f"s.{quoted(BATCH_ID)} >= t.{quoted(BATCH_ID)}"
    if not isinstance(table.how, Merge) or table.how.version is None:
        return later
    version = quoted(table.how.version)
    old = f"t.{version} IS NULL OR s.{version} > t.{version}"
    return f"({old} OR (s.{version} = t.{version} AND {later}))"


def _still_ours(cursor, staged: Sequence[Staged]) -> None:
    """Asked last: rows that are still there have been there all the time."""
    queries, values, wanted = [], [], []
    for one in staged:
        condition, ours = own_rows(one)
        queries.append(f"(SELECT COUNT(*) FROM {one.name} WHERE {condition})")
        values += ours
        wanted.append(one.rows)
        if isinstance(one.table.how, ReplaceInterval):
            column = quoted(one.table.how.column)
            queries.append(
                f"(SELECT COUNT(*) FROM {one.table.full_name} WHERE {column} >= ? AND {column} < ?)"
            )
            values += interval(one)
            wanted.append(one.rows)
    cursor.execute("SELECT " + ", ".join(queries), tuple(values))
    if list(cursor.fetchone()) != wanted:
        names = ", ".join(one.table.full_name for one in staged)
        raise Superseded(f"{names}, {staged[0].batch.id}: another try is at work")

"""Describes a table's columns by one query: how many values there are, between what, and how often none.

Of two weeks it tells what changed; of one, which suite a table could begin with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lib.quality.personal_data import KINDS
from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import quoted
from lib.warehouse.schemas import DQ_PROFILE
from lib.warehouse.tables import ADDED
from lib.warehouse.transaction import patiently, transaction

FEW = 20
"""A column with so many different values at most is a set of words."""
_MOVED = 0.2
_NUMBERS = ("NUMBER", "FLOAT", "DECIMAL", "INT", "DOUBLE", "BIGINT")
_TEXTS = ("TEXT", "VARCHAR", "CHAR")
_ORDERED = (*_NUMBERS, *_TEXTS, "DATE", "TIME")


@dataclass(frozen=True)
class Column:
    """What a column looks like. `values`: all of them where they are few and not personal."""

    name: str
    kind: str
    rows: int
    nulls: int
    different: int
    least: str | None
    greatest: str | None
    mean: float | None
    values: tuple[str, ...] = ()

    @property
    def null_share(self) -> float:
        return self.nulls / self.rows if self.rows else 0.0


def profile(connection: Any, schema: str, table: str) -> list[Column]:
    """A table's columns, in their order. Of personal data, neither values nor their bounds are told.

    Raises LookupError where there is no such table.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "COLUMN_NAME", "DATA_TYPE" FROM "INFORMATION_SCHEMA"."COLUMNS" '
            'WHERE "TABLE_SCHEMA" = ? AND "TABLE_NAME" = ? ORDER BY "ORDINAL_POSITION"',
            (schema, table),
        )
        kinds = {name: kind.upper() for name, kind in cursor.fetchall() if name not in ADDED}
        if not kinds:
            raise LookupError(f"there is no table {schema}.{table}")
        cursor.execute(f"SELECT COUNT(*), {', '.join(_asked(kinds))} FROM {quoted(schema, table)}")
        rows, *found = cursor.fetchone()
        columns = [
            _column(name, kind, int(rows), found[5 * number : 5 * number + 5])
            for number, (name, kind) in enumerate(kinds.items())
        ]
        return [replace(one, values=_values(cursor, schema, table, one)) for one in columns]


def _asked(kinds: dict[str, str]) -> Iterator[str]:
    for name, kind in kinds.items():
        column = quoted(name)
        mean = f"AVG({column})" if kind.startswith(_NUMBERS) else "NULL"
        ends = f"MIN({column}), MAX({column})" if kind.startswith(_ORDERED) else "NULL, NULL"
        yield f"COUNT({column}), COUNT(DISTINCT {column}), {ends}, {mean}"


def _column(name: str, kind: str, rows: int, found: list[Any]) -> Column:
    there, different, least, greatest, mean = found
    if name in KINDS:
        least = greatest = mean = None
    return Column(
        name,
        kind,
        rows,
        rows - int(there),
        int(different),
        None if least is None else str(least),
        None if greatest is None else str(greatest),
        None if mean is None else float(mean),
    )


def _values(cursor: Any, schema: str, table: str, column: Column) -> tuple[str, ...]:
    if not column.kind.startswith(_TEXTS) or column.name in KINDS or not 0 < column.different <= FEW:
        return ()
    name = quoted(column.name)
    cursor.execute(f"SELECT DISTINCT {name} FROM {quoted(schema, table)} WHERE {name} IS NOT NULL ORDER BY 1")
    return tuple(value for (value,) in cursor.fetchall())


def keep(connection: Any, batch: Batch, table: str, columns: Iterable[Column], now: datetime) -> None:
    """Keep a table's profile in OPS.DQ_PROFILE, in place of the one of the same batch."""

    def once() -> None:
        with connection.cursor() as cursor, transaction(cursor):
            cursor.execute(
                f'DELETE FROM {DQ_PROFILE} WHERE "BATCH_ID" = ? AND "TABLE_NAME" = ?', (batch.id, table)
            )
            for one in columns:
                cursor.execute(
                    f'INSERT INTO {DQ_PROFILE} ("BATCH_ID", "INTERVAL_START", "TABLE_NAME", "COLUMN_NAME", '
                    '"PROFILE", "PROFILED_AT") VALUES (?, ?, ?, ?, ?, ?)',
                    (
                        batch.id,
                        stored(batch.start),
                        table,
                        one.name,
                        json.dumps(vars(one)),
                        stored(now),
                    ),
                )

    patiently(once)


def kept_before(connection: Any, batch: Batch, table: str) -> list[Column]:
    """The table's last profile of an earlier interval; empty where there is none."""
    before = '"TABLE_NAME" = ? AND "INTERVAL_START" < ? AND SPLIT_PART("BATCH_ID", \'|\', 1) = ?'
    values = (table, stored(batch.start), batch.dag_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "PROFILE" FROM {DQ_PROFILE} WHERE {before} AND "INTERVAL_START" = '
            f'(SELECT MAX("INTERVAL_START") FROM {DQ_PROFILE} WHERE {before}) ORDER BY "COLUMN_NAME"',
            values * 2,
        )
        found = [json.loads(text) for (text,) in cursor.fetchall()]
    return [Column(**{**one, "values": tuple(one["values"])}) for one in found]


def differences(before: Iterable[Column], now: Iterable[Column]) -> list[str]:
    """What is different between two profiles of a table, a line each; nothing where there was none."""
    old, new = {one.name: one for one in before}, {one.name: one for one in now}
    if not old:
        return []
    lines = [f"{name} is gone" for name in sorted(old.keys() - new.keys())]
    lines += [f"{name} is new" for name in sorted(new.keys() - old.keys())]
    for name in sorted(old.keys() & new.keys()):
        lines += [f"{name}: {what}" for what in _column_differences(old[name], new[name])]
    return lines


def _column_differences(old: Column, new: Column) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"its type was {old.kind}, is {new.kind}"
    if abs(new.null_share - old.null_share) > 0.01:
        yield f"{old.null_share:.1%} of rows had none, now {new.null_share:.1%}"
    if old.values and set(new.values) - set(old.values):
        yield f"new words: {', '.join(sorted(set(new.values) - set(old.values)))}"
    if old.mean and new.mean is not None and abs(new.mean / old.mean - 1) > _MOVED:
        yield f"its mean was {old.mean:.6g}, is {new.mean:.6g}"

"""Single rows of the OPS tables, written so that writing one again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.warehouse.names import quoted


def merge_row(
    cursor, table: str, key: Sequence[str], values: Mapping[str, object], *, change: bool = True
) -> None:
    """Write a row, its values by column, in place of the one of the same key; `change=False`: unless there.

    `table` is quoted. A MERGE, because Snowflake would take a second row of the same key.
    """
    merge_rows(cursor, table, key, [values], change=change)


def merge_rows(
    cursor, table: str, key: Sequence[str], rows: Sequence[Mapping[str, object]], *, change: bool = True
) -> None:
    """The same of several rows of the same columns, in one statement."""
    columns = [quoted(name) for name in rows[0]]
    one = "SELECT " + ", ".join(f"? AS {name}" for name in columns)
    same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)
    changed = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in rows[0] if name not in key)
    matched = f"WHEN MATCHED THEN UPDATE SET {changed} " if change else ""
    inserted = ", ".join(f"s.{name}" for name in columns)
    cursor.execute(
        f"MERGE INTO {table} t USING ({' UNION ALL '.join([one] * len(rows))}) s ON {same} {matched}"
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(columns)}) VALUES ({inserted})",
        tuple(value for row in rows for value in row.values()),
    )

"""Shows a tested close to its readers: both tables of it, or neither.

dbt builds the close in a schema aside, where its tests and the suite judge it. To show it, one transaction
deletes and inserts the days of the close in both tables and writes the line in OPS.LOAD_MANIFEST. Why not
otherwise:

- `ALTER TABLE ... SWAP WITH`, or `CREATE OR REPLACE VIEW`, is DDL and commits by itself: of two tables one
  would be new before the other, and a task that dies in between leaves it so. A swap would also bring back
  the days that were built aside anew, which nobody has closed.
- A pointer row that views join on switches both by one UPDATE, but each reader pays for the join, every
  version is kept until somebody deletes it, and who reads the tables instead of the views sees all
  versions.

A close is small: a row per account, currency and day. Writing it a second time costs next to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from lib.closing.tables import ASIDE, DAY, LOADED_AT, SHOWN, TABLES
from lib.warehouse.batch import Batch, stored
from lib.warehouse.manifest import write_manifest
from lib.warehouse.names import quoted
from lib.warehouse.transaction import patiently, transaction

log = logging.getLogger(__name__)


class NotBuilt(Exception):
    """What was built aside is not what readers could be shown; nothing was changed."""


def switch(connection, batch: Batch) -> dict[str, int]:
    """Show the days of a close; rows by table. Raises NotBuilt, or what the connector raises.

    The connection must have no transaction open. Doing it again shows the same.
    """
    columns = {name: _prepared(connection, name) for name in TABLES}

    def once() -> dict[str, int]:
        with connection.cursor() as cursor, transaction(cursor):
            counts = {f"{SHOWN}.{name}": _replace(cursor, name, columns[name], batch) for name in TABLES}
            if not all(counts.values()):
                raise NotBuilt(f"{batch.id}: nothing was built for these days: {counts}")
            write_manifest(cursor, batch, counts)
            return counts

    found: Mapping[str, int] = patiently(once)
    log.info("%s is shown: %s", batch.id, found)
    return dict(found)


def _prepared(connection, name: str) -> list[str]:
    """The table's columns. Its table to show is made, empty, where it is the first close."""
    with connection.cursor() as cursor:
        # DDL, and so before the transaction: an empty table shows nothing.
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(SHOWN, name)} AS "
            f"SELECT * FROM {quoted(ASIDE, name)} WHERE 1 = 0"
        )
        built, shown = (_columns(cursor, schema, name) for schema in (ASIDE, SHOWN))
    if set(built) != set(shown):
        differing = ", ".join(sorted(set(built) ^ set(shown)))
        raise NotBuilt(f"{name}: {ASIDE} and {SHOWN} differ in {differing}: that wants a migration")
    return built


def _columns(cursor, schema: str, name: str) -> list[str]:
    cursor.execute(
        'SELECT "COLUMN_NAME" FROM "INFORMATION_SCHEMA"."COLUMNS" '
        'WHERE "TABLE_SCHEMA" = ? AND "TABLE_NAME" = ? ORDER BY "ORDINAL_POSITION"',
        (schema, name),
    )
    return [column for (column,) in cursor.fetchall()]


def _replace(cursor, name: str, columns: list[str], batch: Batch) -> int:
    days = (stored(batch.start), stored(batch.end))
    # Who looks for what is new finds a close that was held back for days only by when it was shown.
    now = (stored(datetime.now(UTC)),) if LOADED_AT in columns else ()
    taken = ", ".join("?" if column == LOADED_AT else quoted(column) for column in columns)
    within = f"{quoted(DAY)} >= ? AND {quoted(DAY)} < ?"
    listed = ", ".join(map(quoted, columns))
    cursor.execute(
        f"SELECT DISTINCT {quoted(DAY)} FROM {quoted(SHOWN, name)} WHERE {within} AND {quoted(DAY)} NOT IN "
        f"(SELECT {quoted(DAY)} FROM {quoted(ASIDE, name)} WHERE {within}) ORDER BY 1",
        (*days, *days),
    )
    if missing := [str(day) for (day,) in cursor.fetchall()]:
        raise NotBuilt(f"{batch.id}: {name} shows days that were not built: {', '.join(missing)}")
    cursor.execute(f"DELETE FROM {quoted(SHOWN, name)} WHERE {within}", days)
    cursor.execute(
        f"INSERT INTO {quoted(SHOWN, name)} ({listed}) "
        f"SELECT {taken} FROM {quoted(ASIDE, name)} WHERE {within}",
        (*now, *days),
    )
    cursor.execute(f"SELECT COUNT(*) FROM {quoted(SHOWN, name)} WHERE {within}", days)
    return int(cursor.fetchone()[0])

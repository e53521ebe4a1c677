"""How many rows went into tables, and how many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lib.warehouse.batch import Batch, stored
from lib.warehouse.names import quoted
from lib.warehouse.schemas import MANIFEST


def table_rows(connection, paths: Sequence[str]) -> dict[str, int]:
    """Rows by table, each named as `schema/table`. Snowflake knows them without looking at any."""
    names = {path: quoted(*path.upper().split("/")) for path in paths}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT COUNT(*) FROM {name})" for name in names.values()))
        return dict(zip(names, map(int, cursor.fetchone()), strict=True))


def loaded_rows(connection, paths: Sequence[str], batch: Batch) -> int:
    """Rows that were loaded for the batch's interval, by the loads that these tables are part of."""
    wanted = {path.upper().replace("/", ".") for path in paths}
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "TARGETS", "ROW_COUNT" FROM {MANIFEST} '
            'WHERE "INTERVAL_START" >= ? AND "INTERVAL_END" <= ?',
            (stored(batch.start), stored(batch.end)),
        )
        return sum(int(count) for targets, count in cursor.fetchall() if wanted & json.loads(targets).keys())

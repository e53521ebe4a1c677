"""Profiles every table that people read, and compares with the week before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.quality.profile import differences, keep, kept_before, profile
from lib.warehouse.batch import Batch
from lib.warehouse.names import PASSING

SCHEMAS = ("MARTS", "ML")


@dataclass(frozen=True)
class Profiled:
    """What was looked at: `rows` and `columns` of all tables, and what changed, by table."""

    rows: int
    columns: int
    changed: Mapping[str, list[str]]

    @property
    def told(self) -> str:
        """A line per change. Of values only words that are few and of nobody."""
        return "\n".join(f"{table}: {line}" for table, lines in self.changed.items() for line in lines)


def profile_all(connection, batch: Batch) -> Profiled:
    """Profile the tables of all read schemas, keep the profiles, and compare them with the last before."""
    now, rows, columns = datetime.now(UTC), 0, 0
    changed: dict[str, list[str]] = {}
    for schema, table in _tables(connection):
        name, found = f"{schema}.{table}".lower(), profile(connection, schema, table)
        if lines := differences(kept_before(connection, batch, name), found):
            changed[name] = lines
        keep(connection, batch, name, found, now)
        rows, columns = rows + found[0].rows, columns + len(found)
    return Profiled(rows, columns, changed)


def _tables(connection) -> list[tuple[str, str]]:
    places = ", ".join("?" for _ in SCHEMAS)
    kept = " AND ".join('POSITION(? IN UPPER("TABLE_NAME")) = 0' for _ in PASSING)
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "TABLE_SCHEMA", "TABLE_NAME" FROM "INFORMATION_SCHEMA"."TABLES" '
            f'WHERE "TABLE_SCHEMA" IN ({places}) AND "TABLE_TYPE" = ? AND {kept} ORDER BY 1, 2',
            (*SCHEMAS, "BASE TABLE", *PASSING),
        )
        return [(schema, table) for schema, table in cursor.fetchall()]

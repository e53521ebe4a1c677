"""The fifteen ingest pipelines' steps run by hand: sources, a bucket and a warehouse of a test's own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg2
from lib.extract.landing import Landing
from lib.factory.model import PgIncremental
from lib.factory.reading import read_config
from lib.intervals import Interval
from lib.loads.from_files import stage_files
from lib.loads.from_postgres import stage_tables
from lib.loads.handover import Handover
from lib.loads.publishing import publish_once
from lib.warehouse.staging import clean_staging
from lib.warehouse.tables import Table

from tests.dags.conftest import ROOT
from tests.dags.warehouse_world import Database

CONFIGS = {
    file.stem: read_config(file)
    for file in sorted((ROOT / "dags" / "config").glob("*.yml"))
    if not file.stem.startswith("dbt_")
}


def tables(dag_id: str) -> tuple[Table, ...]:
    """What a DAG loads."""
    config = CONFIGS[dag_id]
    return config.raw_tables if isinstance(config, PgIncremental) else (config.raw_table,)


@dataclass
class Ingesting:
    """A source, a bucket's files and a warehouse."""

    source: str
    landing: Landing
    database: Database
    used: set[str] = field(default_factory=set)

    def stage(self, dag_id: str, interval: Interval) -> Handover:
        """Run the task `stage`; its handover, having gone through XCom."""
        config, target = CONFIGS[dag_id], self.database.connection
        self.used.add(dag_id)
        if isinstance(config, PgIncremental):
            with closing(psycopg2.connect(self.source)) as source:
                found = stage_tables(source, target, dag_id, config, interval)
        else:
            found = stage_files(self.landing, target, dag_id, config, interval)
        return Handover.read(dag_id, tables(dag_id), found.written())

    def run(self, dag_id: str, interval: Interval) -> int:
        """Stage and publish; how many rows went in."""
        return publish_once(self.database.connection, self.stage(dag_id, interval))

    def empty(self) -> None:
        """Delete what was loaded, and what was kept of it."""
        names = [table.full_name for dag_id in self.used for table in tables(dag_id)]
        with self.database.connection.cursor() as cursor:
            for name in (*names, "OPS.LOAD_MANIFEST", "OPS.LANDED_FILE", "OPS.DQ_RESULT"):
                cursor.execute(f"DELETE FROM {name}")
        for schema in {table.schema for dag_id in self.used for table in tables(dag_id)}:
            clean_staging(self.database.connection, schema, datetime.now(UTC))
        self.used.clear()

    def contents(self, dag_id: str) -> dict[str, list[tuple[Any, ...]]]:
        """A DAG's raw tables by name: their own columns, in the order of the key."""
        found = {}
        for table in tables(dag_id):
            columns, key = (", ".join(f'"{name}"' for name in names) for names in (table.columns, table.key))
            found[table.name] = self.database.ask(f"SELECT {columns} FROM {table.full_name} ORDER BY {key}")
        return found

"""Stages what changed in tables of PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from lib.extract.broken import RuleBroken
from lib.extract.postgres import Query, missing_columns, one_moment, rows
from lib.factory.model import WATERMARK, PgIncremental
from lib.intervals import Interval
from lib.loads.handover import Handover
from lib.loads.rules import Result, keep_results
from lib.warehouse.manifest import loaded_until
from lib.warehouse.schemas import prepare
from lib.warehouse.staging import Staged, stage
from lib.warehouse.tables import Table

COLUMNS_MATCH = "columns_match"


def stage_tables(source, warehouse, dag_id: str, config: PgIncremental, interval: Interval) -> Handover:
    """Stage the interval's rows of all tables, read as of one moment.

    Read are rows whose watermark lies in the interval or in the look-back before it; after a pause, before
    what was loaded last. Of a small table, and of one that the warehouse has nothing of yet, all up to the
    interval's end. `source` is a fresh connection. Raises RuleBroken where a column is gone, else what
    psycopg2 or the connector raises.
    """
    batch, tables = interval.batch(dag_id), config.raw_tables
    prepare(warehouse, tables)
    one_moment(source)
    since = loaded_until(warehouse, dag_id, interval.start) - timedelta(hours=config.lookback_hours)
    queries = [
        _query(config, name, None if _is_whole(warehouse, config, name, table) else since, interval.end)
        for name, table in _named(config)
    ]
    gone = {query.name: ", ".join(missing_columns(source, query)) for query in queries}
    results = [
        Result(table.logical_name, COLUMNS_MATCH, f"missing: {names}" if names else "")
        for table, names in zip(tables, gone.values(), strict=True)
    ]
    keep_results(warehouse, batch, results)
    for name, names in gone.items():
        if names:
            raise RuleBroken(COLUMNS_MATCH, f"the source has no {names}", name)
    staged: list[Staged] = [
        stage(warehouse, table, batch, {query.name: rows(source, query)}.items())
        for table, query in zip(tables, queries, strict=True)
    ]
    return Handover(batch, tuple(staged), rules=len(staged))


def _named(config: PgIncremental) -> list[tuple[str, Table]]:
    return list(zip(config.tables, config.raw_tables, strict=True))


def _query(config: PgIncremental, name: str, since: datetime | None, until: datetime) -> Query:
    return Query(config.source.schema_, name, list(config.tables[name].columns), WATERMARK, since, until)


def _is_whole(warehouse, config: PgIncremental, name: str, table: Table) -> bool:
    return config.tables[name].read == "whole" or _is_empty(warehouse, table)


def _is_empty(warehouse, table: Table) -> bool:
    with warehouse.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM (SELECT 1 FROM {table.full_name} LIMIT 1)")
        return bool(cursor.fetchone()[0] == 0)

"""A bank, its files and a warehouse that has loaded what came before the day on which faults are planted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import psycopg2
from lib.extract.landing import Landing
from lib.factory.model import PgIncremental, S3FileFeed
from lib.factory.reading import read_config
from lib.intervals import Interval
from lib.loads.from_files import stage_files
from lib.loads.from_postgres import stage_tables
from lib.loads.handover import Handover
from lib.loads.publishing import publish_once
from lib.warehouse.connecting import connect
from lib.warehouse.tables import Table
from psycopg import sql

from local.options import ROOT
from local.postgres import as_airflow_has_it
from local.sources.bank import Bank
from local.sources.database import seed
from local.sources.faults.fault import FileFault, TableFault
from local.sources.feeds.feed import Files
from local.sources.landing import deliver
from local.sources.times import Interval as SourceInterval

BANK = Bank(seed=7)
DAY = date(2026, 3, 3)
SUNDAY = date(2026, 3, 8)
"""The day that is spoilt, and that of the weekly feed."""
BEFORE = SourceInterval.of_day(DAY - timedelta(days=7), 7)
SEEDED = SourceInterval.of_day(DAY - timedelta(days=7), 8)
DELIVERED = SourceInterval.of_day(DAY - timedelta(days=9), 15)
CONFIGS: dict[str, PgIncremental | S3FileFeed] = {
    file.stem: read_config(file) for file in sorted((ROOT / "dags" / "config").glob("ingest_*.yml"))
}
_COPIES = count(1)


def spoilt_interval(dag_id: str) -> Interval:
    """What a DAG loads for the day that is spoilt."""
    if getattr(CONFIGS[dag_id], "arrives", "") == "sundays":
        return _of_days(SUNDAY - timedelta(days=6), 7)
    return _of_days(DAY, 1)


def interval_before(dag_id: str) -> Interval:
    """What it has loaded before that."""
    if getattr(CONFIGS[dag_id], "arrives", "") == "sundays":
        return _of_days(SUNDAY - timedelta(days=13), 7)
    if isinstance(CONFIGS[dag_id], S3FileFeed):
        return _of_days(DAY - timedelta(days=1), 1)
    return _of_days(DAY - timedelta(days=7), 7)


def raw_tables(dag_id: str) -> tuple[Table, ...]:
    """What a DAG loads."""
    config = CONFIGS[dag_id]
    return config.raw_tables if isinstance(config, PgIncremental) else (config.raw_table,)


def _of_days(first: date, days: int) -> Interval:
    begin = datetime.combine(first, datetime.min.time(), UTC)
    return Interval(begin, begin + timedelta(days=days))


@dataclass(frozen=True)
class World:
    """`source`: URL of the bank's database; `files`: the landing bucket; the rest is about the warehouse."""

    source: str
    files: Files
    login: dict[str, str | int]
    database: str

    @contextmanager
    def warehouse(self) -> Iterator[Any]:
        """A connection to the warehouse."""
        values = {**self.login, "database": self.database, "schema": "OPS"}
        with closing(connect(values, "faults")) as connection:
            yield connection

    @property
    def warehouse_connection(self) -> Any:
        """As Airflow would have it."""
        extra = {name: self.login[name] for name in ("account", "protocol")} | {"database": self.database}
        return SimpleNamespace(
            host=self.login["host"],
            port=self.login["port"],
            login=self.login["user"],
            password=self.login["password"],
            schema="OPS",
            extra_dejson=extra,
        )

    @property
    def source_connection(self) -> Any:
        """As Airflow would have it."""
        return as_airflow_has_it(self.source)

    def stage(self, warehouse: Any, dag_id: str, interval: Interval) -> Handover:
        """A DAG's task `stage`. Raises Rejected, and RuleBroken which is one."""
        config = CONFIGS[dag_id]
        if isinstance(config, PgIncremental):
            with closing(psycopg2.connect(self.source)) as source:
                return stage_tables(source, warehouse, dag_id, config, interval)
        return stage_files(Landing(Bucket(self.files), "landing"), warehouse, dag_id, config, interval)

    def load(self, warehouse: Any, dag_id: str, interval: Interval) -> int:
        """A DAG's tasks `stage` and `publish`; how many rows went in."""
        return int(publish_once(warehouse, self.stage(warehouse, dag_id, interval)))

    def unload(self, warehouse: Any, dag_id: str, interval: Interval) -> None:
        """Delete what a DAG has loaded for an interval."""
        batch = interval.batch(dag_id).id
        with warehouse.cursor() as cursor:
            for table in raw_tables(dag_id):
                cursor.execute(f"DELETE FROM {table.full_name} WHERE _BATCH_ID = ?", (batch,))  # noqa: S608

    @contextmanager
    def spoilt(self, *faults: TableFault | FileFault) -> Iterator[World]:
        """The same, with faults planted."""
        files = self.files
        for fault in faults:
            if isinstance(fault, FileFault):
                files = fault.plant(files, BANK, SUNDAY if fault.feed == "credit_bureau" else DAY)
        in_tables = [one for one in faults if isinstance(one, TableFault)]
        if not in_tables:
            yield replace(self, files=files)
            return
        server, name = self.source.rpartition("/")[0], f"spoilt_{next(_COPIES)}"
        _copy(self.source, f"{server}/postgres", name)
        try:
            with psycopg.connect(f"{server}/{name}") as connection:
                for one in in_tables:
                    one.plant(connection, DAY)
            yield replace(self, source=f"{server}/{name}", files=files)
        finally:
            _run(f"{server}/postgres", "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def new_world(server: str, login: dict[str, str | int], database: str) -> World:
    """A bank in the database `faults` of a PostgreSQL server, and its files; the warehouse is empty yet."""
    seed(f"{server}/faults", BANK, SEEDED)
    files: Files = {}
    deliver(files.__setitem__, BANK, DELIVERED)
    return World(f"{server}/faults", files, login, database)


def _copy(source: str, url: str, name: str) -> None:
    _run(url, f"CREATE DATABASE {{}} TEMPLATE {urlsplit(source).path[1:]} STRATEGY file_copy", name)


def _run(url: str, statement: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@dataclass(frozen=True)
class Bucket:
    """As much of boto3's client of S3 as loads use: listing by pages, and reading."""

    files: Files

    def get_paginator(self, _operation: str) -> Any:
        """Of `list_objects_v2`."""

        def pages(Bucket: str, Prefix: str, Delimiter: str) -> Iterator[dict[str, Any]]:  # noqa: ARG001, N803
            yield {
                "Contents": [
                    {"Key": key}
                    for key in self.files
                    if key.startswith(Prefix) and Delimiter not in key[len(Prefix) :]
                ]
            }

        return SimpleNamespace(paginate=pages)

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
        """A file."""
        return {"Body": io.BytesIO(self.files[Key])}

"""A warehouse with databases for each test module, the sources behind them, and dbt kept warm."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import snowflake.connector

from local.dbt_manifest import TARGETS, Manifest, parsed
from local.environments import ROOT, dbt_executable, warehouse_python
from local.postgres import Postgres, start_postgres
from local.processes import free_port
from local.sources import database
from local.sources.bank import Bank
from local.sources.times import Interval
from local.warehouse import Warehouse, start_warehouse
from tests.dbt_project.project import Project
from tests.dbt_project.raw_world import RawWorld

# As in a release: the folder of the DAGs comes first on the path.
sys.path.insert(0, str(ROOT / "dags"))

Make = Callable[[str, Bank, Interval], tuple[RawWorld, Project]]


@pytest.fixture(scope="session")
def manifests() -> dict[str, Manifest]:
    """dbt's own manifest of the project, by target."""
    return {target: parsed(target) for target in TARGETS}


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Snowflake's stand-in."""
    server = start_warehouse(warehouse_python(), free_port(), tmp_path_factory.mktemp("warehouse"))
    yield server
    server.process.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The server of the bank's databases."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"), free_port())
    yield server
    server.process.stop()


@pytest.fixture(scope="module")
def make(
    warehouse: Warehouse, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Make]:
    """Makes a bank's database with an interval, and an empty database of the warehouse with raw tables."""
    os.environ["FINEDGE_DBT"] = str(dbt_executable())
    opened = []

    from lib.warehouse.schemas import prepare

    def made(name: str, bank: Bank, interval: Interval) -> tuple[RawWorld, Project]:
        url = f"{postgres.url.rpartition('/')[0]}/{name}"
        database.seed(url, bank, interval)
        connection = snowflake.connector.connect(
            **warehouse.login, database=f"FINEDGE_{name.upper()}", schema="OPS", network_timeout=60
        )
        opened.append(connection)
        prepare(connection)
        world = RawWorld(bank, url, connection, tmp_path_factory.mktemp(name))
        world.prepare()
        return world, Project(warehouse, name, connection)

    yield made
    for connection in opened:
        with closing(connection):
            pass


@pytest.fixture(scope="session")
def project_folder() -> Path:
    """The dbt project."""
    return ROOT / "dbt"

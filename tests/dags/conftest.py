"""A PostgreSQL with databases for each test, the DAGs' library on the path, and the dbt to run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

from local.environments import ensure, warehouse_python
from local.films_source import create_database, seed
from local.postgres import Postgres, start_postgres
from local.processes import free_port
from local.warehouse import Warehouse, start_warehouse

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = count(1)

# As in a release: the folder of the DAGs comes first on the path.
sys.path.insert(0, str(ROOT / "dags"))


@dataclass(frozen=True)
class Databases:
    """The URLs of a seeded source and of an empty destination."""

    source: str
    destination: str

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Rows from the destination."""
        return fetch(self.destination, query)


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    """Rows of a query, on a connection of its own."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def execute(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server for the session."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"), free_port())
    yield server
    server.process.stop()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Snowflake's stand-in, for the session."""
    server = start_warehouse(warehouse_python(), free_port(), tmp_path_factory.mktemp("warehouse"))
    yield server
    server.process.stop()


@pytest.fixture
def databases(postgres: Postgres) -> Databases:
    """A seeded source and an empty destination of the test's own."""
    server, number = postgres.url.rpartition("/")[0], next(_NUMBERS)
    made = Databases(f"{server}/source_{number}", f"{server}/destination_{number}")
    create_database(made.source)
    seed(made.source, made.destination)
    return made


@pytest.fixture(scope="session")
def dbt_executable() -> Path:
    """The locked dbt; its environment is made first if it is missing."""
    return ensure("dbt").parent / "dbt"

"""A PostgreSQL with two days of the smallest bank, and as many copies of it as tests want to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count

import psycopg
import pytest

from local.films_source import create_database
from local.postgres import Postgres, start_postgres
from local.processes import free_port
from local.sources.bank import Bank
from local.sources.database import Connection, seed
from local.sources.times import Interval

BANK = Bank(seed=7)
MONDAY = date(2026, 3, 2)
TWO_DAYS = Interval.of_day(MONDAY, 2)
_NUMBERS = count(1)
Connect = Callable[[str], Connection]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server, without a database."""
    running: Postgres = start_postgres(tmp_path_factory.mktemp("postgres"), free_port())
    yield running.url.rpartition("/")[0]
    running.process.stop()


@pytest.fixture(scope="session")
def seeded(server: str) -> str:
    """The URL of the bank after two days; not to be changed."""
    seed(f"{server}/seeded", BANK, TWO_DAYS)
    return f"{server}/seeded"


@pytest.fixture
def bank(seeded: str) -> Iterator[Connection]:
    """The bank after two days, to look at."""
    with psycopg.connect(seeded) as connection:
        connection.read_only = True
        yield connection


@pytest.fixture(scope="module")
def spare(server: str, seeded: str) -> Iterator[Connection]:
    """A copy for tests that undo what they do."""
    yield from _copy(server)


@pytest.fixture
def changeable(server: str, seeded: str) -> Iterator[Connection]:
    """A copy of it that is the test's own."""
    yield from _copy(server)


@pytest.fixture
def empty(server: str) -> Iterator[Connect]:
    """Connections to databases that are made for the test."""
    made: list[Connection] = []

    def connect(name: str) -> Connection:
        url = f"{server}/{name}_{next(_NUMBERS)}"
        create_database(url)
        made.append(psycopg.connect(url))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def _copy(server: str) -> Iterator[Connection]:
    name = f"copy_{next(_NUMBERS)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE seeded STRATEGY file_copy".encode())
    with psycopg.connect(f"{server}/{name}") as connection:
        yield connection

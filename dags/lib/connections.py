"""Airflow's connections, opened as what tasks use: secrets get into no log and no XCom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from lib.extract.landing import Landing

WAREHOUSE, LANDING = "warehouse", "landing"


@contextmanager
def warehouse(tag: str) -> Iterator[Any]:
    """The warehouse; `tag` names the queries in its history."""
    from airflow.sdk import Connection

    from lib.warehouse.connecting import from_airflow

    with closing(from_airflow(Connection.get(WAREHOUSE), tag)) as connection:
        yield connection


@contextmanager
def postgres(conn_id: str) -> Iterator[Any]:
    """A connection of psycopg2."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    with closing(PostgresHook(conn_id).get_conn()) as connection:
        yield connection


def landing() -> Landing:
    """The bucket that the connection's extra names."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    hook = S3Hook(LANDING)
    bucket = hook.get_connection(LANDING).extra_dejson["bucket"]
    return Landing(hook.get_conn(), bucket)

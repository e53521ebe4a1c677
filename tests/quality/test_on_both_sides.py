"""Customers and accounts are counted on both sides without what the bank has done since they were read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from lib.quality import QualityFailed, run_suite

from local.postgres import as_airflow_has_it, start_postgres
from local.processes import free_port
from tests.quality.conftest import BATCH, Row

SUITE = "postflight_dbt_customer360"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The bank has two customers. The second came in the interval and was changed after it: not read yet."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"), free_port())
    with psycopg.connect(server.url) as bank:
        bank.execute("CREATE SCHEMA core")
        bank.execute("CREATE TABLE core.customers (created_at timestamptz, updated_at timestamptz)")
        bank.execute("CREATE TABLE core.accounts (opened_on date, updated_at timestamptz)")
        for table in ("customers", "accounts"):
            bank.execute(
                f"INSERT INTO core.{table} VALUES ('2026-03-01 12:00Z', '2026-03-01 12:00Z'),"
                " ('2026-03-02 12:00Z', '2026-03-03 00:05Z')".encode()
            )
    yield as_airflow_has_it(server.url)
    server.process.stop()


def test_who_was_changed_since_may_still_come(
    ask: Callable[..., list[Row]], connection: Any, source: Any
) -> None:
    ask(
        "CREATE TABLE MARTS.DIM_CUSTOMER (CUSTOMER_ID NUMBER(38, 0), CUSTOMER_SINCE DATE)",
        "CREATE TABLE MARTS.DIM_ACCOUNT (ACCOUNT_ID NUMBER(38, 0), OPENED_ON DATE, PRIMARY_CUSTOMER_ID INT)",
        "CREATE TABLE MARTS.FCT_CUSTOMER_HOLDINGS (HOLDING_ID VARCHAR, LOAN_OUTSTANDING NUMBER(18, 2))",
        "INSERT INTO MARTS.DIM_CUSTOMER VALUES (1, '2026-03-01')",
        "INSERT INTO MARTS.DIM_ACCOUNT VALUES (1, '2026-03-01', 1)",
        "SELECT 1",
    )
    assert run_suite(SUITE, BATCH, {}, connection, source=source).failed == 0
    # Who came before has to be there.
    ask("DELETE FROM MARTS.DIM_CUSTOMER", "DELETE FROM MARTS.DIM_ACCOUNT", "SELECT 1")
    with pytest.raises(QualityFailed) as stopped:
        run_suite(SUITE, BATCH, {}, connection, source=source)
    assert stopped.value.rules == {"customers_on_both_sides", "accounts_on_both_sides"}

"""What the warehouse is asked: sums that show every change but not the order, and what runs have recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import snowflake.connector

from local.environments import warehouse_python
from local.platform.warehouse import Contents, Counted, WarehouseReader
from local.processes import free_port
from local.warehouse import start_warehouse

TABLE = (
    'CREATE OR REPLACE TABLE "RAW_CORE"."A" ("ID" NUMBER(38, 0), "NOTE" VARCHAR, "RATE" FLOAT, '
    '"AT" TIMESTAMP_NTZ, "_INGESTED_AT" TIMESTAMP_NTZ)'
)
FIRST = "(1, 'x', 0.1, '2026-01-01', '2026-02-01')"
SECOND = "(2, NULL, NULL, NULL, '2026-02-01')"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    server = start_warehouse(warehouse_python(), free_port(), tmp_path_factory.mktemp("warehouse"))
    with snowflake.connector.connect(**server.login, database="FINEDGE_DEV", schema="OPS") as made:
        for schema in ("RAW_CORE", "STAGING", "OPS"):
            made.cursor().execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        yield made
    server.process.stop()


def holding(connection: Any, *rows: str) -> Contents:
    """Of the table, with these rows."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        if rows:
            cursor.execute(f'INSERT INTO "RAW_CORE"."A" VALUES {", ".join(rows)}')
    return WarehouseReader(connection).contents()["RAW_CORE.A"]


def test_order_and_moment_of_loading_make_no_difference(connection: Any) -> None:
    found = holding(connection, FIRST, SECOND)
    assert found.rows == 2
    later = [row.replace("2026-02-01", "2026-03-01") for row in (SECOND, FIRST)]
    assert holding(connection, *later) == found


@pytest.mark.parametrize(
    "changed",
    [
        FIRST.replace("1,", "3,", 1),
        FIRST.replace("'x'", "''"),
        FIRST.replace("'x'", "NULL"),
        FIRST.replace("0.1", "0.2"),
        FIRST.replace("2026-01-01", "2026-01-01 00:00:00.000001"),
    ],
)
def test_any_other_value_makes_one(connection: Any, changed: str) -> None:
    assert holding(connection, FIRST, SECOND) != holding(connection, changed, SECOND)


def test_the_last_digits_of_a_float_make_none(connection: Any) -> None:
    one = holding(connection, FIRST)
    assert holding(connection, FIRST.replace("0.1", "0.1000000000000001")) == one


def test_what_is_being_staged_is_nobodys_result(connection: Any) -> None:
    connection.cursor().execute('CREATE OR REPLACE TABLE "RAW_CORE"."A__STG_1" ("ID" NUMBER)')
    connection.cursor().execute('CREATE OR REPLACE TABLE "STAGING"."B" ("ID" NUMBER)')
    assert holding(connection) == Contents(0, "0")
    assert set(WarehouseReader(connection).contents()) == {"RAW_CORE.A"}


def test_runs_say_how_many_rows_and_tests_they_had(connection: Any) -> None:
    assert WarehouseReader(connection).counted() == {}
    columns = "DAG_ID VARCHAR, RUN_ID VARCHAR, ROWS_IN NUMBER, ROWS_OUT NUMBER, PASSED NUMBER, "
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE OPS.PIPELINE_RUN ({columns} WARNED NUMBER, FAILED NUMBER)")
        cursor.execute(
            "INSERT INTO OPS.PIPELINE_RUN VALUES ('a', 'r', 1, 2, 3, 4, 5), ('b', 'r', NULL, NULL, 0, 0, 0)"
        )
    assert WarehouseReader(connection).counted() == {
        ("a", "r"): Counted(1, 2, 3, 4, 5),
        ("b", "r"): Counted(0, 0, 0, 0, 0),
    }

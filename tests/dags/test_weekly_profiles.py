"""Each week's profiles are kept, and compared with those of the week before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import prepare
from lib.weekly.profiles import profile_all

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)


def week(number: int) -> Batch:
    start = MONDAY + timedelta(weeks=number)
    return Batch("platform_dq_deep_weekly", start, start + timedelta(weeks=1))


@pytest.fixture
def database(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    with closing(made.connection):
        prepare(made.connection)
        with made.connection.cursor() as cursor:
            cursor.execute("CREATE TABLE MARTS.FCT_A (ID NUMBER, WORD VARCHAR)")
            cursor.execute("INSERT INTO MARTS.FCT_A VALUES (1, 'x'), (2, 'y')")
            cursor.execute("CREATE TABLE ML.SCORES (ID NUMBER)")
            cursor.execute("CREATE TABLE ML.SCORES__STG_1 (ID NUMBER)")
            cursor.execute('CREATE TABLE MARTS."FCT_A__dbt_tmp" (ID NUMBER)')
            cursor.execute("CREATE TABLE OPS.OTHER (ID NUMBER)")
        yield made


def test_what_changed_since_last_week_is_told(database: Database) -> None:
    first = profile_all(database.connection, week(0))
    assert (first.rows, first.columns, first.changed, first.told) == (2, 3, {}, "")
    # The same week again compares with the week before, not with itself.
    database.ask("INSERT INTO MARTS.FCT_A VALUES (3, 'z')")
    assert profile_all(database.connection, week(0)).changed == {}
    database.ask("INSERT INTO MARTS.FCT_A VALUES (4, 'new')")
    second = profile_all(database.connection, week(1))
    assert list(second.changed) == ["marts.fct_a"]
    assert "marts.fct_a: WORD: new words: new" in second.told
    assert profile_all(database.connection, week(1)).changed == second.changed

"""Readers see a close whole or not at all, wherever the switch dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lib.closing.switch import NotBuilt, switch
from lib.closing.tables import TABLES, aside
from lib.warehouse.batch import Batch
from lib.warehouse.schemas import prepare

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database, Fragile, Killed

DAG = "ledger_close_daily"
FIRST = datetime(2026, 5, 4, tzinfo=UTC)


def batch(day: int, days: int = 1) -> Batch:
    return Batch(DAG, FIRST + timedelta(days=day), FIRST + timedelta(days=day + days))


def build(database: Database, version: str, days: int = 3) -> None:
    """What dbt does: all days anew, aside."""
    with database.connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS MARTS_SHADOW")
        for name in TABLES:
            cursor.execute(
                f"CREATE OR REPLACE TABLE MARTS_SHADOW.{name} (ID VARCHAR, BUSINESS_DATE DATE, BUILT VARCHAR)"
            )
            for day in range(days):
                on = (FIRST + timedelta(days=day)).date().isoformat()
                cursor.execute(
                    f"INSERT INTO MARTS_SHADOW.{name} VALUES (?, ?, ?), (?, ?, ?)",
                    (f"{name}{day}a", on, version, f"{name}{day}b", on, version),
                )


def shown(database: Database) -> list[dict[str, str]]:
    """By table: which build each day is of. A table that is not there shows nothing."""
    found: list[dict[str, str]] = []
    there = {
        name
        for (name,) in database.ask(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'MARTS'"
        )
    }
    for name in TABLES:
        if name not in there:
            found.append({})
            continue
        rows = database.ask(f"SELECT BUSINESS_DATE, BUILT, COUNT(*) FROM MARTS.{name} GROUP BY 1, 2")
        assert {count for _, _, count in rows} <= {2}
        assert len({day for day, _, _ in rows}) == len(rows)
        found.append({day.isoformat(): built for day, built, _ in rows})
    return found


def manifest(database: Database) -> list[Any]:
    return database.ask("SELECT BATCH_ID, ROW_COUNT FROM OPS.LOAD_MANIFEST")


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse)
    with closing(made.connection):
        prepare(made.connection)
        yield made


@pytest.fixture
def database(prepared: Database) -> Database:
    """No close was ever shown."""
    with prepared.connection.cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS MARTS.{name}")
        cursor.execute("DELETE FROM OPS.LOAD_MANIFEST")
    return prepared


def test_a_close_is_shown_and_nothing_else_of_what_was_built(database: Database) -> None:
    build(database, "one")
    counts = switch(database.connection, batch(0))
    assert counts == {"MARTS.FCT_TRIAL_BALANCE": 2, "MARTS.FCT_GL_BALANCE": 2}
    assert shown(database) == [{"2026-05-04": "one"}] * 2
    assert manifest(database) == [(batch(0).id, 4)]


def test_switching_again_and_several_days_at_once(database: Database) -> None:
    build(database, "one")
    for _ in range(2):
        switch(database.connection, batch(0))
    build(database, "two")
    switch(database.connection, batch(1, 2))
    expected = {"2026-05-04": "one", "2026-05-05": "two", "2026-05-06": "two"}
    assert shown(database) == [expected] * 2
    switch(database.connection, batch(0))
    assert shown(database) == [expected | {"2026-05-04": "two"}] * 2


@pytest.mark.parametrize("table", TABLES)
def test_a_day_that_was_not_built_stays_shown_whatever_else_was(database: Database, table: str) -> None:
    build(database, "one")
    switch(database.connection, batch(0, 3))
    before = shown(database), manifest(database)
    build(database, "two")
    with database.connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM MARTS_SHADOW.{table} WHERE BUSINESS_DATE = '2026-05-05'")
    with pytest.raises(NotBuilt, match=f"{table} shows days that were not built: 2026-05-05"):
        switch(database.connection, batch(0, 3))
    assert (shown(database), manifest(database)) == before


def crash(database: Database, at: int, *, before: bool) -> bool:
    with closing(database.connect()) as connection:
        fragile = Fragile(connection, at, before=before)
        with suppress(Killed):
            switch(fragile, batch(0))
        return fragile.dead


@pytest.mark.parametrize(
    ("first", "before"),
    [(True, True), (False, True), (False, False)],
    ids=["first close", "before each", "after each"],
)
def test_whoever_dies_at_any_statement_has_switched_both_or_neither(
    database: Database, first: bool, before: bool
) -> None:
    old: dict[str, str] = {}
    build(database, "one")
    if not first:
        switch(database.connection, batch(0))
        old = {"2026-05-04": "one"}
    build(database, "two")
    new = {"2026-05-04": "two"}
    at, seen = 1, []
    while crash(database, at, before=before):
        trial, balance = shown(database)
        assert trial == balance
        seen.append(trial)
        if trial == new:
            break
        at += 1
    assert at > 8
    # Dead before COMMIT: nothing; dead after it: everything.
    assert seen[:-1] == [old] * (len(seen) - 1)
    switch(database.connection, batch(0))
    assert shown(database) == [new] * 2
    assert len(manifest(database)) == 1


def test_a_reader_in_between_sees_the_old_close(database: Database) -> None:
    build(database, "one")
    switch(database.connection, batch(0))
    build(database, "two")
    seen: list[Any] = []

    class Watched(Fragile):
        def step(self, act: Any) -> Any:
            done = act()
            seen.append(shown(database))
            return done

    with closing(database.connect()) as connection:
        switch(Watched(connection, 0, before=False), batch(0))
    states = [trial for trial, _ in seen]
    assert all(trial == balance for trial, balance in seen)
    assert states.count({"2026-05-04": "two"}) == 1, "only after COMMIT"
    assert len(states) > 8


def test_days_that_were_not_built_are_not_shown_as_empty(database: Database) -> None:
    build(database, "one", days=1)
    switch(database.connection, batch(0))
    with pytest.raises(NotBuilt, match="nothing was built for these days"):
        switch(database.connection, batch(1))
    assert shown(database) == [{"2026-05-04": "one"}] * 2
    assert len(manifest(database)) == 1


def test_tables_of_another_shape_want_a_migration(database: Database) -> None:
    build(database, "one")
    switch(database.connection, batch(0))
    with database.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE MARTS_SHADOW.FCT_GL_BALANCE ADD COLUMN MORE VARCHAR")
    with pytest.raises(NotBuilt, match="FCT_GL_BALANCE: MARTS_SHADOW and MARTS differ in MORE"):
        switch(database.connection, batch(0))
    assert shown(database) == [{"2026-05-04": "one"}] * 2


def test_a_close_that_was_held_back_is_new_when_it_is_shown(database: Database) -> None:
    build(database, "one")
    for name in TABLES:
        with database.connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE MARTS_SHADOW.{name} ADD COLUMN LOADED_AT TIMESTAMP_NTZ")
            cursor.execute(f"UPDATE MARTS_SHADOW.{name} SET LOADED_AT = '2026-05-05 01:00:00'")
    before = datetime.now(UTC).replace(tzinfo=None)
    switch(database.connection, batch(0))
    assert shown(database) == [{"2026-05-04": "one"}] * 2
    for name in TABLES:
        ((least, most),) = database.ask(f"SELECT MIN(LOADED_AT), MAX(LOADED_AT) FROM MARTS.{name}")
        assert before <= least == most


def test_a_suite_looks_at_what_was_built_aside() -> None:
    assert aside() == {
        "marts.fct_trial_balance": '"MARTS_SHADOW"."FCT_TRIAL_BALANCE"',
        "marts.fct_gl_balance": '"MARTS_SHADOW"."FCT_GL_BALANCE"',
    }

"""The stand-in for Snowflake, over the wire: what its repairs promise, and that it remembers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from local.environments import warehouse_python
from local.processes import free_port
from local.stack import Stack
from local.stack_info import StackInfo
from local.warehouse import Warehouse, start_warehouse
from tests.local import light_stack


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def warehouse(home: Path) -> Iterator[Warehouse]:
    server = start_warehouse(warehouse_python(), free_port(), home)
    yield server
    server.process.stop()


@pytest.fixture
def connect(warehouse: Warehouse, request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Connections to a schema of the test's own."""

    def connect() -> Any:
        return connected(warehouse, request.node.name.upper())

    return connect


def connected(warehouse: Warehouse, schema: str) -> Any:
    return snowflake.connector.connect(
        **warehouse.login, database="FINEDGE_DEV", schema=schema, paramstyle="qmark", network_timeout=10
    )


def ask(connection: Any, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    with closing(connection.cursor()) as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(statement, values).fetchall()
        return rows


def test_a_merge_may_be_taken_back(connect: Callable[[], Any]) -> None:
    with closing(connect()) as one:
        ask(one, "CREATE TABLE held (id INTEGER, name VARCHAR)")
        ask(one, "INSERT INTO held VALUES (1, 'old')")
        ask(one, "BEGIN")
        merged = ask(
            one,
            "MERGE INTO held t USING (SELECT 1 AS id, 'new' AS name UNION ALL SELECT 2, 'new') s "
            "ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name "
            "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (id, name)",
        )
        assert merged == [(2,)]
        assert ask(one, "SELECT * FROM held ORDER BY id") == [(1, "new"), (2, "new")]
        ask(one, "ROLLBACK")
        assert ask(one, "SELECT * FROM held") == [(1, "old")]


def test_ddl_commits_as_on_snowflake(connect: Callable[[], Any]) -> None:
    with closing(connect()) as one:
        ask(one, "CREATE TABLE held (id INTEGER)")
        ask(one, "BEGIN")
        ask(one, "INSERT INTO held VALUES (1)")
        ask(one, "CREATE TABLE other (id INTEGER)")
        ask(one, "ROLLBACK")
        assert ask(one, "SELECT * FROM held") == [(1,)]


def test_two_tables_change_their_names(connect: Callable[[], Any]) -> None:
    with closing(connect()) as one:
        ask(one, "CREATE TABLE live AS SELECT 'old' AS which")
        ask(one, "CREATE TABLE \"Built\" AS SELECT 'new' AS which")
        ask(one, 'ALTER TABLE live SWAP WITH "Built"')
        assert ask(one, 'SELECT l.which, b.which FROM live l, "Built" b') == [("new", "old")]
        with pytest.raises(ProgrammingError):
            ask(one, "ALTER TABLE live SWAP WITH missing")
        assert ask(one, "SELECT which FROM live") == [("new",)]


def test_grants_and_roles_are_recorded_and_change_nothing(connect: Callable[[], Any], home: Path) -> None:
    said = [
        "CREATE ROLE loader",
        "GRANT SELECT ON ALL TABLES\n IN SCHEMA x TO ROLE loader",
        "USE ROLE loader",
    ]
    with closing(connect()) as one:
        for statement in said:
            ask(one, statement)
    recorded = (home / "warehouse" / "recorded.sql").read_text().splitlines()
    assert recorded[-3:] == [" ".join(statement.split()) + ";" for statement in said]


@pytest.mark.parametrize(
    "wrong", ["SELEKT 1", "SELECT missing", "SELECT 1 / 'x'::INTEGER", "DROP TABLE missing"]
)
def test_an_error_is_told_at_once(warehouse: Warehouse, wrong: str) -> None:
    began = time.monotonic()
    with closing(connected(warehouse, "ERRORS")) as one:
        with pytest.raises(ProgrammingError):
            ask(one, wrong)
        assert ask(one, "SELECT 1") == [(1,)]
    assert time.monotonic() - began < 5


def test_each_session_knows_whose_it_is(warehouse: Warehouse) -> None:
    for name in ("officer", "O'Neil"):
        login = {**warehouse.login, "user": name}
        with snowflake.connector.connect(**login, database="FINEDGE_DEV", schema="OPS") as connection:
            assert ask(connection, "SELECT current_user()") == [(name.upper(),)]


def test_rows_are_bound_together_and_keep_their_types(connect: Callable[[], Any]) -> None:
    moment = datetime(2026, 1, 1, 12, 30, 0, 123456)  # noqa: DTZ001
    rows = [(1, None, Decimal("1.25"), True, moment), (2, "it's", None, None, None)]
    with closing(connect()) as one:
        ask(
            one,
            "CREATE TABLE bound (id INTEGER, note VARCHAR, paid NUMBER(9, 2), good BOOLEAN, since TIMESTAMP)",
        )
        with closing(one.cursor()) as cursor:
            sent = [(*row[:4], row[4] and str(row[4])) for row in rows]
            cursor.executemany("INSERT INTO bound VALUES (?, ?, ?, ?, ?)", sent)
            assert cursor.rowcount == 2
        assert ask(one, "SELECT * FROM bound ORDER BY id") == rows


def test_who_leaves_without_a_word_does_not_hold_up_the_others(connect: Callable[[], Any]) -> None:
    with closing(connect()) as gone, closing(connect()) as other:
        ask(gone, "CREATE TABLE held (id INTEGER)")
        ask(gone, "INSERT INTO held VALUES (1)")
        ask(gone, "BEGIN")
        ask(gone, "DELETE FROM held")
        with pytest.raises(ProgrammingError) as refused:
            ask(other, "DELETE FROM held")
        assert refused.value.errno == 625
        time.sleep(3.2)
        with pytest.raises(ProgrammingError):
            ask(other, "DELETE FROM held")
        ask(other, "UPDATE held SET id = 2")
        assert ask(other, "SELECT id FROM held") == [(2,)]


def test_what_is_closed_in_the_middle_of_a_transaction_did_nothing(connect: Callable[[], Any]) -> None:
    with closing(connect()) as one:
        ask(one, "CREATE TABLE held AS SELECT 1 AS id")
        ask(one, "BEGIN")
        ask(
            one,
            "MERGE INTO held t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = 3",
        )
        ask(one, "SELECT COUNT(*) FROM held WHERE id > ?", (0,))
    with closing(connect()) as other:
        ask(other, "UPDATE held SET id = 2")
        assert ask(other, "SELECT id FROM held") == [(2,)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_is_started_again_has_what_was_committed(tmp_path: Path, how: signal.Signals) -> None:
    first = start_warehouse(warehouse_python(), free_port(), tmp_path)
    one = connected(first, "RAW_CORE")
    ask(one, "CREATE TABLE kept (id INTEGER, name VARCHAR(10))")
    ask(one, "INSERT INTO kept VALUES (1, 'a')")
    ask(one, "BEGIN")
    ask(one, "INSERT INTO kept VALUES (2, 'b')")
    os.kill(server_of(first), how)
    first.process.stop()
    second = start_warehouse(warehouse_python(), free_port(), tmp_path)
    try:
        with closing(connected(second, "OTHER")) as other:
            assert ask(other, "SELECT * FROM RAW_CORE.kept") == [(1, "a")]
    finally:
        second.process.stop()


def server_of(warehouse: Warehouse) -> int:
    leash = warehouse.process.leash.pid
    return int(Path(f"/proc/{leash}/task/{leash}/children").read_text().split()[0])


@pytest.mark.stack
def test_a_stack_has_it_when_asked(tmp_path: Path, light: StackInfo) -> None:
    assert light.warehouse == {}
    running: Stack = light_stack.start(tmp_path / "home", warehouse=True)
    try:
        told = json.loads((tmp_path / "home" / "stack.json").read_text())["warehouse"]
        with closing(snowflake.connector.connect(**told, database="FINEDGE_DEV")) as one:
            assert ask(one, "SELECT 1") == [(1,)]
        assert "warehouse" in running.info.processes
    finally:
        running.down()

"""What every teller of health guarantees: the twin, and the real connector on the warehouse's stand-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector import errors

from local.environments import warehouse_python
from local.processes import free_port
from local.warehouse import Warehouse, start_warehouse
from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.health_sources import EnvironmentSources
from reconciler.adapters.memory import MemoryHealthSources, MemorySecrets
from reconciler.adapters.snowflake_record import NEWEST, SECONDS, SnowflakeRecord
from reconciler.model.errors import Terminal, Transient
from reconciler.model.health import WarehouseRecord
from reconciler.model.seen import Record, RecordedLoad, RecordedRun, RecordedTest
from reconciler.ports import HealthSources
from tests.builders import NOW

DATABASE, HOUR = "FINEDGE_HEALTH", timedelta(hours=1)
DAG, OTHER = "ingest_pg_transactions", "ingest_pg_cards"


def ran(dag_id: str, hours: float, **other: Any) -> RecordedRun:
    """A run that ended so many hours ago."""
    ended = NOW - hours * HOUR
    return RecordedRun(
        dag_id=dag_id, run_id=f"{dag_id}-{hours}", ended_at=ended, started_at=ended - HOUR, **other
    )


KEPT = Record(
    runs=(
        ran(DAG, 50, rows_in=10, rows_out=9, state="success"),
        ran(DAG, 2, rows_in=5, rows_out=None, state="success"),
        ran(OTHER, 1, rows_in=1, rows_out=1, state="success"),
    ),
    tests=(
        RecordedTest(
            dag_id=DAG,
            table="RAW_CORE.TRANSACTIONS",
            rule="complete",
            column="AMOUNT",
            severity="error",
            passed=False,
            observed="3 of 10",
            failing=3,
            expectation="not_null",
            batch=f"{DAG}|a/b",
            checked_at=NOW - 2 * HOUR,
        ),
        RecordedTest(
            dag_id=OTHER,
            table="RAW_CORE.CARDS",
            rule="unique",
            severity="warn",
            passed=True,
            batch=f"{OTHER}|a/b",
            checked_at=NOW - HOUR,
        ),
    ),
    loads=(
        RecordedLoad(
            dag_id=DAG,
            table="RAW_CORE.TRANSACTIONS",
            interval_end=NOW - 3 * HOUR,
            rows=10,
            batch=f"{DAG}|a/b",
            loaded_at=NOW - 2 * HOUR,
        ),
    ),
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Snowflake's stand-in, with the tables of OPS as the pipelines make them, and what KEPT says in them."""
    server = start_warehouse(warehouse_python(), free_port(), tmp_path_factory.mktemp("warehouse"))
    with snowflake.connector.connect(**server.login, database=DATABASE, paramstyle="qmark") as connection:
        fill(connection)
    yield server
    server.process.stop()


def fill(connection: Any) -> None:
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[2] / "dags"))
    from lib.warehouse.batch import stored
    from lib.warehouse.schemas import prepare

    prepare(connection)
    cursor = connection.cursor()
    for run in KEPT.runs:
        cursor.execute(
            'INSERT INTO "OPS"."PIPELINE_RUN" ("RUN_ID", "DAG_ID", "STATE", "STARTED_AT", "ENDED_AT", '
            '"ROWS_IN", "ROWS_OUT") VALUES (?, ?, ?, ?, ?, ?, ?)',
            (
                run.run_id,
                run.dag_id,
                run.state,
                stored(run.started_at),
                stored(run.ended_at),
                run.rows_in,
                run.rows_out,
            ),
        )
    for number, test in enumerate(KEPT.tests):
        cursor.execute(
            'INSERT INTO "OPS"."DQ_RESULT" ("RESULT_ID", "BATCH_ID", "TABLE_NAME", "RULE", "SEVERITY", '
            '"PASSED", "OBSERVED", "CHECKED_AT", "EXPECTATION", "COLUMN_NAME", "FAILING") '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(number),
                test.batch,
                test.table,
                test.rule,
                test.severity,
                test.passed,
                test.observed or None,
                stored(test.checked_at),
                test.expectation or None,
                test.column or None,
                test.failing,
            ),
        )
    for load in KEPT.loads:
        cursor.execute(
            'INSERT INTO "OPS"."LOAD_MANIFEST" ("BATCH_ID", "DAG_ID", "INTERVAL_START", "INTERVAL_END", '
            '"ROW_COUNT", "TARGETS", "LOADED_AT") VALUES (?, ?, ?, ?, ?, ?, ?)',
            (
                load.batch,
                load.dag_id,
                stored(load.interval_end),
                stored(load.interval_end),
                load.rows,
                f'{{"{load.table}": {load.rows}}}',
                stored(load.loaded_at),
            ),
        )


def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def real(
    warehouse: Warehouse, database: str = DATABASE, key: str | None = None, tick: Deadline = NEVER
) -> SnowflakeRecord:
    place = WarehouseRecord(
        account="local",
        user="reconciler",
        role="READER",
        database=database,
        key_secret="ops-key",
        host=f"127.0.0.1:{warehouse.port}",
    )
    return SnowflakeRecord(place, MemorySecrets({"ops-key": key or pem()}).get, tick)


@pytest.fixture(params=["twin", "snowflake"])
def sources(request: pytest.FixtureRequest) -> HealthSources:
    if request.param == "twin":
        return MemoryHealthSources(KEPT)
    return EnvironmentSources(real(request.getfixturevalue("warehouse")), None)


def test_what_was_recorded_is_told_oldest_first(sources: HealthSources) -> None:
    assert sources.record([DAG, OTHER], NOW - 60 * HOUR, NOW) == KEPT


def test_only_the_dags_asked_for_and_only_of_that_time(sources: HealthSources) -> None:
    found = sources.record([DAG], NOW - 3 * HOUR, NOW - HOUR)
    assert found == Record(runs=KEPT.runs[1:2], tests=KEPT.tests[:1], loads=KEPT.loads)
    assert sources.record([OTHER], NOW - 60 * HOUR, NOW - 2 * HOUR) == Record()
    assert sources.record([], NOW - 60 * HOUR, NOW) == Record()


def test_what_an_environment_does_not_have_is_none() -> None:
    for nothing in (MemoryHealthSources(), EnvironmentSources(None, None)):
        assert nothing.record([DAG], NOW - HOUR, NOW) is None
        assert nothing.platform(NOW - HOUR, NOW) is None


def test_the_twin_tells_the_newest_metrics_of_a_time() -> None:
    told = [(NOW, "QueuedTasks", 3.0), (NOW - HOUR, "QueuedTasks", 9.0), (NOW - HOUR, "DagBagSize", 1.0)]
    found = MemoryHealthSources(told=told).platform(NOW - 2 * HOUR, NOW)
    assert found is not None
    assert dict(found.values) == {"QueuedTasks": 3.0, "DagBagSize": 1.0}


def test_a_series_of_many_rows_is_read_from_its_newest_end(warehouse: Warehouse) -> None:
    with snowflake.connector.connect(**warehouse.login, database="FINEDGE_MANY") as connection:
        cursor = connection.cursor()
        cursor.execute('CREATE SCHEMA IF NOT EXISTS "OPS"')
        for name in ("DQ_RESULT", "LOAD_MANIFEST", "PIPELINE_RUN"):
            cursor.execute(
                f'CREATE TABLE "OPS"."{name}" AS SELECT * FROM {DATABASE}."OPS"."{name}" WHERE 1 = 0'
            )
        many = ", ".join(
            f"('{n}', '{DAG}', 'success', DATEADD('minute', -{n}, '2026-11-21 05:00:00'::TIMESTAMP_NTZ))"
            for n in range(NEWEST + 20)
        )
        cursor.execute(
            f'INSERT INTO "OPS"."PIPELINE_RUN" ("RUN_ID", "DAG_ID", "STATE", "ENDED_AT") VALUES {many}'
        )
    found = real(warehouse, "FINEDGE_MANY").read([DAG], NOW - 60 * HOUR, NOW)
    assert [run.run_id for run in found.runs] == [str(n) for n in reversed(range(NEWEST))]


def test_a_login_that_is_refused_is_a_matter_for_a_person_and_a_slow_one_is_not(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(error: Exception) -> None:
        def connect(**_: object) -> None:
            raise error

        monkeypatch.setattr(snowflake.connector, "connect", connect)

    fails(errors.DatabaseError("JWT token is invalid", errno=250001, sqlstate="08001"))
    with pytest.raises(Terminal, match="JWT token is invalid"):
        real(warehouse).read([DAG], NOW - HOUR, NOW)
    fails(errors.ProgrammingError("cancelled: it took too long", errno=604))
    with pytest.raises(Transient, match="took too long"):
        real(warehouse).read([DAG], NOW - HOUR, NOW)


def test_tables_that_no_pipeline_has_made_yet_are_a_matter_for_a_person(warehouse: Warehouse) -> None:
    with pytest.raises(Terminal, match=r"FINEDGE_EMPTY.*health\.record"):
        real(warehouse, "FINEDGE_EMPTY").read([DAG], NOW - HOUR, NOW)


class Hanging:
    """A connection that answers nothing until it is ``over``; ``closed`` says that somebody did that."""

    def __init__(self) -> None:
        self.over, self.closed, self.asked = Event(), Event(), 0

    def cursor(self) -> Hanging:
        return self

    def execute(self, *_: object, **__: object) -> None:
        self.asked += 1
        self.over.wait(30)

    def fetchall(self) -> list[object]:
        return []

    def close(self, retry: bool = True) -> None:
        self.closed.set()


def test_a_warehouse_that_hangs_takes_its_share_of_a_look_and_leaves_nothing_open(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reading has a connection of its own, so that none goes on with one that hung."""
    monkeypatch.setattr("reconciler.adapters.snowflake_record.SECONDS", 0.5)
    hanging = Hanging()
    monkeypatch.setattr(snowflake.connector, "connect", lambda **_: hanging)
    began = time.monotonic()
    with pytest.raises(Transient, match=r"FINEDGE_HEALTH.OPS .* does not answer: it was given up"):
        real(warehouse).read([DAG], NOW - HOUR, NOW)
    assert time.monotonic() - began < 5
    assert not hanging.closed.is_set()
    hanging.over.set()
    assert hanging.closed.wait(5)
    assert hanging.asked == 1, "nobody hears of what would be asked after that"


def test_a_reading_takes_no_more_than_half_of_what_is_left(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def connect(**arguments: Any) -> None:
        asked.append(arguments)
        raise errors.OperationalError("later", errno=250003)

    monkeypatch.setattr(snowflake.connector, "connect", connect)
    for left, seconds in ((100, SECONDS), (20, 10)):
        look = Deadline(telling_seconds=8)
        look.set(left + 8)
        with pytest.raises(Transient):
            real(warehouse, tick=look).read([DAG], NOW - HOUR, NOW)
        named = {asked[-1][name] for name in ("login_timeout", "network_timeout", "socket_timeout")}
        assert {*named, asked[-1]["session_parameters"]["STATEMENT_TIMEOUT_IN_SECONDS"]} == {seconds}
    look.set(8)
    with pytest.raises(Transient, match="time of this tick was over"):
        real(warehouse, tick=look).read([DAG], NOW - HOUR, NOW)


def test_a_silent_warehouse_passes(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.adapters.snowflake_record.SECONDS", 2)
    nobody = Warehouse(free_port(), warehouse.process)
    with pytest.raises(Transient, match="does not answer"):
        real(nobody).read([DAG], NOW - HOUR, NOW)


@pytest.mark.parametrize("text", ["", "hush", "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----"])
def test_a_secret_that_is_no_key_is_named_and_not_told(warehouse: Warehouse, text: str) -> None:
    with pytest.raises(Terminal, match="ops-key is no private key") as caught:
        real(warehouse, key=text or " ").read([DAG], NOW - HOUR, NOW)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None

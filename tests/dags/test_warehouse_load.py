"""What a load refuses, what it leaves alone, and that it waits for others instead of losing rows."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lib.warehouse.batch import Batch
from lib.warehouse.checks import Rejected, validate
from lib.warehouse.connecting import connect, from_airflow
from lib.warehouse.load import Source, load
from lib.warehouse.names import column_type, quoted
from lib.warehouse.publish import Superseded, publish
from lib.warehouse.schemas import SCHEMAS, prepare
from lib.warehouse.staging import clean_staging, stage
from lib.warehouse.tables import Merge, ReplaceInterval, Table

from local.warehouse import Warehouse
from tests.dags.conftest import ROOT
from tests.dags.warehouse_world import DAY, FIRST, SETTLEMENT, TABLES, TRANSACTIONS, Database, batch


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    database = Database(warehouse).prepare()
    with closing(database.connection):
        yield database


@pytest.fixture
def database(prepared: Database) -> Database:
    return prepared.empty()


def at(hours: float) -> datetime:
    """A moment after the first interval's beginning, as a source tells it."""
    return (FIRST + timedelta(hours=hours)).replace(tzinfo=None)


def transactions(*rows: tuple[object, ...]) -> list[Source]:
    return [Source(TRANSACTIONS, {"postgres:core.transactions": rows})]


def settlement(number: int, *amounts: int) -> list[Source]:
    day = batch(number).start.date()
    return [Source(SETTLEMENT, {f"{day}.csv": [(line, day, amount) for line, amount in enumerate(amounts)]})]


def test_preparing_again_changes_nothing(database: Database) -> None:
    load(database.connection, batch(0), transactions((1, Decimal("1.25"), None, at(1))))
    before = database.contents()
    prepare(database.connection, TABLES)
    assert database.contents() == before
    found = {name for (name,) in database.ask("SELECT schema_name FROM information_schema.schemata")}
    assert set(SCHEMAS) <= found


def test_several_may_prepare_an_empty_database_at_once(warehouse: Warehouse) -> None:
    database, failures = Database(warehouse), []

    def run() -> None:
        try:
            with closing(database.connect()) as connection:
                prepare(connection, TABLES)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []


def test_every_row_says_when_by_what_and_from_where_it_came(database: Database) -> None:
    began = datetime.now(UTC).replace(tzinfo=None)
    assert load(database.connection, batch(0), settlement(0, 5)) == {"RAW_FILES.CARD_SETTLEMENT": 1}
    ((ingested, batch_id, source),) = database.ask(
        "SELECT _ingested_at, _batch_id, _source_file FROM RAW_FILES.CARD_SETTLEMENT"
    )
    assert began <= ingested <= datetime.now(UTC).replace(tzinfo=None)
    assert (batch_id, source) == (batch(0).id, "2026-01-01.csv")
    assert batch_id.startswith("ingest_pg_transactions|2026-01-01T00:00:00.000000Z/2026-01-02")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([(1, 1, None, at(1)), (1, 2, None, at(2))], "1 keys more than once"),
        ([(None, 1, None, at(1))], "1 rows without a key"),
        ([(1, 1, None, None)], "1 rows without a version"),
    ],
)
def test_rows_without_a_proper_key_are_refused(
    database: Database, rows: list[tuple[object, ...]], problem: str
) -> None:
    before = database.contents()
    with pytest.raises(Rejected, match=problem):
        load(database.connection, batch(0), transactions(*rows))
    assert database.contents() == before


def test_rows_of_another_interval_are_refused(database: Database) -> None:
    lines = [(0, date(2026, 1, 1), 1), (1, date(2026, 1, 2), 1), (2, None, 1)]
    with pytest.raises(Rejected, match="2 rows outside of the data interval") as refused:
        load(database.connection, batch(0), [Source(SETTLEMENT, {"a.csv": lines})])
    assert "1 rows without a key" in str(refused.value)


def test_fewer_rows_than_the_source_has_are_refused(database: Database) -> None:
    with pytest.raises(Rejected, match="1 rows were staged, the source has 2"):
        load(database.connection, batch(0), [Source(SETTLEMENT, settlement(0, 1)[0].rows, expected=2)])
    assert database.contents()["manifest"] == []


def test_an_old_interval_that_is_run_again_takes_nothing_back(database: Database) -> None:
    load(database.connection, batch(0), transactions((1, 1, "old", at(1))))
    load(database.connection, batch(1), transactions((1, 2, "new", at(25))))
    load(database.connection, batch(0), transactions((1, 1, "old", at(1))))
    assert database.ask("SELECT note FROM RAW_CORE.TRANSACTIONS") == [("new",)]


def test_a_row_that_only_comes_again_was_not_loaded_again(database: Database) -> None:
    def ingested() -> tuple[datetime, str]:
        ((moment, by),) = database.ask("SELECT _ingested_at, _batch_id FROM RAW_CORE.TRANSACTIONS")
        return moment, by

    load(database.connection, batch(0), transactions((1, 1, None, at(1))))
    first, _ = ingested()
    load(database.connection, batch(1), transactions((1, 1, None, at(1))))
    assert ingested() == (first, batch(1).id)
    # Some change a row and leave its version as it was.
    load(database.connection, batch(1), transactions((1, 1, "by hand", at(1))))
    second, _ = ingested()
    load(database.connection, batch(1), transactions((1, 1, "by hand", at(25))))
    assert first < second < ingested()[0]


def test_without_versions_the_later_interval_wins(database: Database) -> None:
    plain = Table("RAW_CORE", "PLAIN", {"ID": "NUMBER(38, 0)", "NOTE": "VARCHAR"}, ("ID",), Merge())
    prepare(database.connection, [plain])
    for number, note in ((0, "first"), (1, "second"), (0, "again")):
        load(database.connection, batch(number), [Source(plain, {"x": [(1, note)]})])
    assert database.ask("SELECT note FROM RAW_CORE.PLAIN") == [("second",)]
    load(database.connection, batch(1), [Source(plain, {"x": [(1, "mended")]})])
    assert database.ask("SELECT note FROM RAW_CORE.PLAIN") == [("mended",)]


def test_a_day_at_once_replaces_its_hours(database: Database) -> None:
    hourly = Table(
        "RAW_FILES", "CLICKS", {"ID": "VARCHAR", "AT": "TIMESTAMP_NTZ"}, ("ID",), ReplaceInterval("AT")
    )
    prepare(database.connection, [hourly])
    for hour in range(3):
        one = Batch("ingest_s3_clickstream", FIRST + timedelta(hours=hour), FIRST + timedelta(hours=hour + 1))
        load(database.connection, one, [Source(hourly, {"x": [(f"c{hour}", at(hour + 0.5))]})])
    day = Batch("ingest_s3_clickstream", FIRST, FIRST + DAY)
    load(
        database.connection, day, [Source(hourly, {"x": [(f"c{hour}", at(hour + 0.5)) for hour in range(3)]})]
    )
    assert database.ask("SELECT COUNT(*) FROM RAW_FILES.CLICKS") == [(3,)]


def test_values_arrive_as_they_left_beside_null(database: Database) -> None:
    kinds = {
        "ID": "NUMBER(38, 0)",
        "D": "DATE",
        "T": "TIMESTAMP_NTZ",
        "B": "BOOLEAN",
        "F": "FLOAT",
        "S": "VARCHAR",
    }
    typed = Table("RAW_FILES", "TYPED", kinds, ("ID",), Merge())
    moment = datetime(2026, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
    full = (1, moment.date(), moment.replace(tzinfo=None), False, 0.5, "Ünï\n")
    rows = [
        full,
        (2, *[None] * 5),
        (3, None, moment.astimezone(timezone(timedelta(hours=2))), None, None, ""),
    ]
    prepare(database.connection, [typed])
    load(database.connection, batch(0), [Source(typed, {"x": rows})])
    rows[2] = (*rows[2][:2], full[2], *rows[2][3:])
    assert database.ask("SELECT id, d, t, b, f, s FROM RAW_FILES.TYPED ORDER BY id") == rows


def test_text_is_never_taken_for_sql(database: Database) -> None:
    text = '\'); DROP TABLE "RAW_CORE"."TRANSACTIONS"; -- ?%s'
    load(database.connection, batch(0), [Source(TRANSACTIONS, {text: [(1, 1, text, at(1))]})])
    assert database.ask("SELECT note, _source_file FROM RAW_CORE.TRANSACTIONS") == [(text, text)]


@pytest.mark.parametrize("name", ['A"; DROP TABLE B', "lower", "", "1A", "A.B", "A" * 256, "Ä"])
def test_what_is_no_plain_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        quoted("RAW_CORE", name)


@pytest.mark.parametrize("kind", ["VARCHAR) --", "varchar", "NUMBER(1;2)", "VARCHAR DEFAULT 1"])
def test_what_is_no_type_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="not a column type"):
        column_type(kind)


def test_a_newer_try_takes_over(database: Database) -> None:
    connection = database.connection
    older = stage(connection, TRANSACTIONS, batch(0), [("x", [(1, 1, "older", at(1))])])
    newer = stage(connection, TRANSACTIONS, batch(0), [("x", [(2, 2, "newer", at(1))])])
    with pytest.raises(Rejected, match="0 rows arrived of 1"):
        validate(connection, older)
    with pytest.raises(Superseded):
        publish(connection, [older])
    assert database.contents()["manifest"] == []
    publish(connection, [newer])
    assert database.ask("SELECT note FROM RAW_CORE.TRANSACTIONS") == [("newer",)]


def test_what_crashed_tries_left_is_cleaned_and_what_runs_is_not(database: Database) -> None:
    for name in database.staging_tables():
        database.ask(f'DROP TABLE RAW_FILES."{name}"' if "CARD" in name else f'DROP TABLE RAW_CORE."{name}"')
    connection = database.connection
    left = stage(connection, TRANSACTIONS, batch(0), [("x", [(1, 1, None, at(1))])])
    moment = datetime.now(UTC)
    runs = stage(connection, TRANSACTIONS, batch(1), [("x", [(1, 1, None, at(25))])])
    elsewhere = stage(connection, SETTLEMENT, batch(0), [])
    assert [quoted("RAW_CORE", name) for name in clean_staging(connection, "RAW_CORE", moment)] == [left.name]
    found = database.staging_tables()
    assert sorted(name.rpartition(".")[2].strip('"') for name in (runs.name, elsewhere.name)) == found


def test_neighbouring_intervals_loaded_at_once_lose_nothing(database: Database) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            with closing(database.connect()) as connection:
                for _ in range(3):
                    rows = [(100 * number + key, 1, None, at(24 * number + 1)) for key in range(5)]
                    load(connection, batch(number), [*transactions(*rows), *settlement(number, 1, 2)])
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    found = database.contents()
    assert [len(found[name]) for name in ("TRANSACTIONS", "CARD_SETTLEMENT", "manifest")] == [15, 6, 3]


def test_parsing_a_dag_does_not_import_the_connector() -> None:
    modules = "load, connecting, schemas"
    code = f"import sys; from lib.warehouse import {modules}; print('snowflake' in ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "dags", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def airflow_connection(**changes: Any) -> SimpleNamespace:
    values = {"login": "loader", "password": None, "schema": "OPS", "host": None, "port": None}
    return SimpleNamespace(**{**values, "extra_dejson": {"account": "acme"}, **changes})


def test_an_airflow_connection_to_this_machine_uses_its_password(warehouse: Warehouse) -> None:
    extra = {"account": "local", "database": "FINEDGE_AIRFLOW", "protocol": "http"}
    place = {"host": "127.0.0.1", "port": warehouse.port}
    one = airflow_connection(password="finedge", extra_dejson=extra, **place)
    with closing(from_airflow(one, "films")) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT CURRENT_DATABASE()").fetchone() == ("FINEDGE_AIRFLOW",)


def test_a_password_never_leaves_this_machine() -> None:
    for host in (None, "acme.snowflakecomputing.com"):
        with pytest.raises(ValueError, match="use a key pair"):
            from_airflow(airflow_connection(password="secret", host=host))
    with pytest.raises(ValueError, match="use a key pair"):
        connect({"account": "acme", "user": "loader", "password": "secret"})


def test_production_signs_in_with_a_key_pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import snowflake.connector

    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(snowflake.connector, "connect", lambda **values: seen.append(values))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"phrase"),
    )
    extra = {"account": "acme", "private_key_content": base64.b64encode(pem).decode()}
    from_airflow(airflow_connection(password="phrase", extra_dejson=extra))
    from_airflow(airflow_connection(password="phrase", extra_dejson={"private_key_file": str(tmp_path)}))
    assert serialization.load_der_private_key(seen[0]["private_key"], None)
    assert (seen[1]["private_key_file"], seen[1]["private_key_file_pwd"]) == (str(tmp_path), "phrase")
    assert all("password" not in values and values["autocommit"] for values in seen)

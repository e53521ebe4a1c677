"""What is sent in files arrives as it is, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lib.warehouse import bulk
from lib.warehouse.bulk import Incomplete, send
from snowflake.connector.errors import ProgrammingError

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database

# More than ten columns: DuckDB names them otherwise.
TYPES = {
    "ID": "NUMBER(38, 0)",
    "TEXT": "VARCHAR",
    "OTHER": "VARCHAR",
    "WHOLE": "NUMBER(38, 0)",
    "MONEY": "NUMBER(18, 2)",
    "RATE": "NUMBER(18, 9)",
    "FLOAT": "FLOAT",
    "FLAG": "BOOLEAN",
    "DAY": "DATE",
    "AT": "TIMESTAMP_NTZ",
    "A": "VARCHAR",
    "B": "VARCHAR",
    "C": "VARCHAR",
}
AWKWARD = (
    "", " ", "NULL", "null", "\\N", "\\", '\\"', '"', '""', "''", ",", "\n", "\r\n", "\r", "\t", "\\n",
    "a\nb", "ünï ☃ 🙂", "\ufeff", "\u2028", "\x00", "007", "1e5", "true", "None", "?", "%s", "$1",
)  # fmt: skip
TEXTS = st.none() | st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def numbers(digits: int, places: int) -> st.SearchStrategy[Decimal]:
    limit = 10**digits - 1
    return st.integers(-limit, limit).map(lambda one: Decimal(one).scaleb(-places))


ROWS = st.tuples(
    TEXTS,
    TEXTS,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | numbers(18, 2),
    st.none() | numbers(18, 9),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.dates(date(1600, 1, 1)),
    st.none() | st.datetimes(datetime(1600, 1, 1)),  # noqa: DTZ001
    TEXTS,
    TEXTS,
    TEXTS,
)


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Database]:
    one = Database(warehouse)
    with closing(one.connection):
        one.ask('CREATE SCHEMA IF NOT EXISTS "RAW_CORE"')
        yield one


def sent(database: Database, rows: list[tuple[Any, ...]], **columns: str) -> int:
    """Rows of an empty table with these columns."""
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    database.ask(f'CREATE OR REPLACE TABLE "RAW_CORE"."SENT" ({listed})')
    with database.connection.cursor() as cursor:
        return send(cursor, "RAW_CORE", "SENT", list(columns), rows)


def found(database: Database) -> list[tuple[Any, ...]]:
    return database.ask("SELECT * FROM RAW_CORE.SENT ORDER BY 1")


# Not made smaller: that takes minutes, and the row that differs is printed.
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_every_value_arrives_as_it_left(database: Database, rows: list[tuple[Any, ...]]) -> None:
    numbered = [(number, *row) for number, row in enumerate(rows)]
    assert sent(database, numbered, **TYPES) == len(rows)
    assert found(database) == numbered


def test_no_two_awkward_texts_are_mixed_up(database: Database) -> None:
    rows = [(number, text, other) for number, text in enumerate(AWKWARD) for other in (text,)]
    sent(database, [*rows, (99, None, None)], ID="NUMBER", TEXT="VARCHAR", OTHER="VARCHAR")
    assert found(database) == [*rows, (99, None, None)]


def test_moments_are_stored_in_utc(database: Database) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 5, tzinfo=UTC)
    times = [moment, moment.astimezone(timezone(timedelta(hours=-5))), moment.replace(tzinfo=None)]
    sent(database, list(enumerate(times)), ID="NUMBER", AT="TIMESTAMP_NTZ")
    assert {at for _, at in found(database)} == {moment.replace(tzinfo=None)}


def test_what_derives_from_a_known_kind_is_sent_as_that(database: Database) -> None:
    class Currency(StrEnum):
        EUR = "EUR"

    sent(database, [(True, Currency.EUR)], FLAG="BOOLEAN", TEXT="VARCHAR")
    assert found(database) == [(True, "EUR")]


def test_what_fills_several_files_is_loaded_at_once_and_leaves_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 10)
    monkeypatch.setattr(bulk, "FILE_CHARACTERS", 100)
    rows = [(number, "x" * 20) for number in range(95)]
    sent(database, [], ID="NUMBER")
    before = database.ask("LIST @RAW_CORE.%SENT")
    assert sent(database, rows, ID="NUMBER", TEXT="VARCHAR") == 95
    assert found(database) == rows
    assert database.ask("LIST @RAW_CORE.%SENT") == before


def test_one_bad_value_refuses_all_rows(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 1)
    monkeypatch.setattr(bulk, "FILE_CHARACTERS", 1)
    for bad in ("twelve", Decimal("1e15"), ""):
        with pytest.raises(ProgrammingError):
            sent(database, [(1, 1), (2, bad), (3, 3)], ID="NUMBER", MONEY="NUMBER(12, 2)")
        assert found(database) == [], bad


def test_rows_of_another_width_are_refused(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        sent(database, [(1, "a"), (2, "b", "c")], ID="NUMBER", TEXT="VARCHAR")


def test_nothing_is_sent_where_there_are_no_rows(database: Database) -> None:
    assert sent(database, [], ID="NUMBER") == 0


@pytest.mark.parametrize("value", [{"a": 1}, [1], b"x", object()])
def test_what_no_column_holds_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=f"holds a {type(value).__name__}"):
        bulk._line((value,))


def test_fewer_rows_than_were_sent_are_told() -> None:
    class Cursor:
        description = (("file",), ("rows_loaded",))

        def execute(self, statement: str) -> None:
            pass

        def fetchall(self) -> list[tuple[str, int]]:
            return [("00000.csv.gz", 1)]

    with pytest.raises(Incomplete, match="1 rows were loaded of 2"):
        send(cast(Any, Cursor()), "RAW_CORE", "SENT", ["ID"], [(1,), (2,)])

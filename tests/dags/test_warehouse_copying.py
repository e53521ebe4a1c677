"""Rows and files that are sent through a stage arrive as those that are bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from lib.warehouse import copying
from lib.warehouse.copying import copy_rows, stage_parquet
from lib.warehouse.staging import Send, insert_rows, stage
from lib.warehouse.tables import Merge, Table

from local.sources.feeds.parquet import Column, Kind, to_parquet
from local.warehouse import Warehouse
from tests.dags.warehouse_world import FIRST, Database, batch

TABLE = Table(
    "RAW_CORE",
    "ALL_KINDS",
    {
        "ID": "NUMBER(38, 0)",
        "AMOUNT": "NUMBER(18, 2)",
        "NOTE": "VARCHAR",
        "ON_DAY": "DATE",
        "AT": "TIMESTAMP_NTZ",
        "IS": "BOOLEAN",
    },
    key=("ID",),
    how=Merge(),
)
ROWS = [
    (1, Decimal("-12.30"), 'a "quoted", text\nof two lines \\ \\n é', date(2026, 1, 2), FIRST, True),
    (2, None, None, None, None, None),
    (3, Decimal("1E+3"), "", date(1, 1, 1), FIRST.astimezone(timezone(timedelta(hours=1))), False),
    (4, Decimal(0), "  spaces ", date(2026, 1, 2), datetime(2026, 1, 1, 0, 0, 0, 123456, UTC), None),
]  # fmt: skip


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse).prepare()
    with closing(made.connection):
        yield made


def arrived(database: Database, send: Send) -> list[tuple[object, ...]]:
    staged = stage(database.connection, TABLE, batch(0), {"there": ROWS}.items(), send)
    assert staged.rows == len(ROWS)
    return database.ask(f'SELECT * EXCLUDE ("_INGESTED_AT") FROM {staged.name} ORDER BY 1')


@pytest.mark.parametrize("characters", [1, copying._FILE_CHARACTERS], ids=["many files", "one file"])
def test_rows_arrive_as_those_that_are_bound(
    database: Database, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    monkeypatch.setattr(copying, "_FILE_CHARACTERS", characters)
    assert arrived(database, copy_rows) == arrived(database, insert_rows)


def test_no_rows_are_no_file(database: Database) -> None:
    assert stage(database.connection, TABLE, batch(0), [], copy_rows).rows == 0


def test_a_parquet_file_arrives_with_where_it_came_from(database: Database, tmp_path: Path) -> None:
    columns = (Column("id", Kind.INT64), Column("note", Kind.STRING), Column("on_day", Kind.DATE))
    kinds = {"ID": "NUMBER(38, 0)", "NOTE": "VARCHAR", "ON_DAY": "DATE"}
    table = Table("RAW_FILES", "SOME", kinds, ("ID",), Merge())
    files = {}
    for number in (1, 2):
        source = f"feed/dt=2026-01-0{number}/a.parquet"
        files[source] = tmp_path / f"{number}.parquet"
        files[source].write_bytes(to_parquet(columns, [(number, "it's", date(2026, 1, number))]))
    staged = stage_parquet(database.connection, table, batch(0), files)
    assert staged.rows == 2
    found = database.ask(f'SELECT * EXCLUDE ("_INGESTED_AT") FROM {staged.name} ORDER BY 1')
    assert found == [
        (1, "it's", date(2026, 1, 1), batch(0).id, "feed/dt=2026-01-01/a.parquet"),
        (2, "it's", date(2026, 1, 2), batch(0).id, "feed/dt=2026-01-02/a.parquet"),
    ]


def test_a_source_that_could_end_the_text_is_refused(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match="plain path"):
        stage_parquet(database.connection, TABLE, batch(0), {"a', 'b": tmp_path / "a.parquet"})

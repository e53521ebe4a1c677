"""Parquet files arrive with where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from lib.warehouse.parquet import stage_parquet
from lib.warehouse.tables import Merge, Table

from local.sources.feeds.parquet import Column, Kind, to_parquet
from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database, batch

COLUMNS = (Column("id", Kind.INT64), Column("note", Kind.STRING), Column("on_day", Kind.DATE))
TABLE = Table(
    "RAW_FILES", "SOME", {"ID": "NUMBER(38, 0)", "NOTE": "VARCHAR", "ON_DAY": "DATE"}, ("ID",), Merge()
)


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Database]:
    made = Database(warehouse).prepare()
    with closing(made.connection):
        yield made


def test_files_arrive_with_where_they_came_from(database: Database, tmp_path: Path) -> None:
    files = {}
    for number in (1, 2):
        source = f"feed/dt=2026-01-0{number}/a.parquet"
        files[source] = tmp_path / str(number) / "a.parquet"
        files[source].parent.mkdir()
        files[source].write_bytes(to_parquet(COLUMNS, [(number, "it's", date(2026, 1, number))]))
    staged = stage_parquet(database.connection, TABLE, batch(0), files)
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

"""What is read from Airflow's database is what its API would list."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks import airflow_database
from benchmarks.airflow_view import Seen

SCHEMA = """
CREATE TABLE dag (dag_id TEXT, is_stale BOOLEAN);
CREATE TABLE dag_tag (dag_id TEXT, name TEXT);
INSERT INTO dag VALUES ('a', 0), ('b', 1), ('c', 0);
INSERT INTO dag_tag VALUES ('a', 'lib:1'), ('a', 'code:2'), ('a', 'release:r'), ('b', 'code:1'), ('b', 'own');
"""


def test_dags_are_read_with_their_tags(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as database:
        database.executescript(SCHEMA)
    assert airflow_database.dags(tmp_path) == {
        "a": Seen(True, "2", "1", "r"),
        "b": Seen(False, "1", "", ""),
        "c": Seen(True, "", "", ""),
    }

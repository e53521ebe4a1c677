"""What Airflow has parsed, read from its database: cheap enough to ask 20 times a second.

The same tables that the REST API answers from, in one transaction. Asking the API as often takes a whole
core, and slows down the parsing that is being watched. Reads only.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.airflow_view import Seen, seen

QUERY = """
SELECT dag.dag_id, dag.is_stale, dag_tag.name FROM dag LEFT JOIN dag_tag ON dag_tag.dag_id = dag.dag_id
"""


def dags(airflow_home: Path) -> dict[str, Seen]:
    """Every DAG that Airflow knows, stale ones too. Raises sqlite3.Error if it cannot be read now."""
    stale: dict[str, bool] = {}
    tags: dict[str, list[str]] = {}
    with closing(
        sqlite3.connect(f"file:{airflow_home}/airflow.db?mode=ro", uri=True, timeout=10)
    ) as database:
        for dag_id, is_stale, tag in database.execute(QUERY):
            stale[dag_id] = bool(is_stale)
            tags.setdefault(dag_id, []).extend([tag] if tag else [])
    return {dag_id: seen(not stale[dag_id], names) for dag_id, names in tags.items()}

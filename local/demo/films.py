"""The databases of the pipeline `films_elt`: where they are, and what Airflow has to know of them."""

from __future__ import annotations

from pathlib import Path

from local import films_source
from local.stack_info import StackInfo

SOURCE, DESTINATION = "films_source", "films_destination"
RAW_SCHEMA = "raw"


def airflow_env(dbt: Path) -> dict[str, str]:
    """Connections and the dbt executable, for `StackOptions.airflow_env`."""
    connections = {
        f"AIRFLOW_CONN_{name.upper()}": f"postgresql://{{postgres}}/{name}" for name in (SOURCE, DESTINATION)
    }
    return {**connections, "FINEDGE_DBT": str(dbt)}


def source_url(info: StackInfo) -> str:
    """The source database."""
    return _database(info, SOURCE)


def destination_url(info: StackInfo) -> str:
    """The destination database."""
    return _database(info, DESTINATION)


def seed(info: StackInfo) -> dict[str, int]:
    """Make both databases and fill the source; rows by table."""
    return films_source.seed(source_url(info), destination_url(info))


def _database(info: StackInfo, name: str) -> str:
    return f"{info.postgres_url.rpartition('/')[0]}/{name}"

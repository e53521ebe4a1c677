"""Airflow DAG: reports which code it runs, so that a release can be checked from outside."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task
from lib import version

VERSION = "1.0.0"


@dag(
    dag_id="release_probe",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["operations"],
    doc_md=__doc__,
)
def release_probe() -> None:
    @task
    def report() -> dict[str, str]:
        """The versions of this DAG and of the shared library, and the files they came from."""
        found = {
            "dag": VERSION,
            "library": version.LIBRARY_VERSION,
            "file": __file__,
            "library_file": str(version.__file__),
        }
        print(f"release_probe ran {found}")
        return found

    report()


release_probe()

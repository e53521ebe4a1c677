"""Airflow DAG: does next to nothing, and so shows that Airflow itself works."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task


@dag(
    dag_id="heartbeat",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["operations"],
    doc_md=__doc__,
)
def heartbeat() -> None:
    @task
    def beat() -> str:
        return datetime.now(UTC).isoformat()

    beat()


heartbeat()

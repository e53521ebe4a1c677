"""Tables of PostgreSQL, by what changed: [wait for the source's books to close,] stage, check, publish."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, get_current_context, task

from lib.connections import postgres, warehouse
from lib.factory.loading import check_and_publish
from lib.factory.model import PgIncremental
from lib.factory.shape import new_dag, rejections_are_final
from lib.intervals import interval_of

POKE_SECONDS = 120


def build(dag_id: str, config: PgIncremental) -> DAG:
    """The DAG of a configuration."""
    source = config.source.connection
    with new_dag(dag_id, config, config.schedule) as dag:

        @task.sensor(mode="reschedule", poke_interval=POKE_SECONDS, timeout=config.sla.total_seconds())
        def wait_for_close() -> bool:
            """Wait until the interval's days are closed: they get no further entries then."""
            from lib.extract.postgres import closed

            with postgres(source) as connection:
                return closed(connection, interval_of(get_current_context(), config.period).days())

        @task(multiple_outputs=False)
        def stage() -> dict[str, Any]:
            """Put what changed beside the tables; returns where, and how many rows."""
            from lib.loads.from_postgres import stage_tables

            interval = interval_of(get_current_context(), config.period)
            with (
                postgres(source) as connection,
                warehouse(f"{dag_id}.stage") as target,
                rejections_are_final(),
            ):
                return stage_tables(connection, target, dag_id, config, interval).written()

        staged = stage()
        if config.waits_for:
            wait_for_close() >> staged
        check_and_publish(dag_id, config, config.raw_tables, staged)
    return dag

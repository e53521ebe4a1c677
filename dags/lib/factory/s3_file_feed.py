"""Files that others land in a bucket: wait for them, stage, check, publish."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, get_current_context, task

from lib.connections import landing, warehouse
from lib.factory.loading import check_and_publish
from lib.factory.model import S3FileFeed
from lib.factory.shape import new_dag, rejections_are_final
from lib.intervals import interval_of

POKE_SECONDS = 120


def build(dag_id: str, config: S3FileFeed) -> DAG:
    """The DAG of a configuration."""
    with new_dag(dag_id, config, config.schedule) as dag:

        @task.sensor(mode="reschedule", poke_interval=POKE_SECONDS, timeout=config.patience.total_seconds())
        def wait_for_files() -> bool:
            """Wait until all of the interval's files are there."""
            from lib.loads.folders import missing

            gone = missing(landing(), config, interval_of(get_current_context(), config.period, config.early))
            print(f"Missing: {', '.join(gone) or 'nothing'}")
            return not gone

        @task(multiple_outputs=False)
        def stage() -> dict[str, Any]:
            """Put the files' rows beside the table; returns where, how many, and the files' digests."""
            from lib.loads.from_files import stage_files

            interval = interval_of(get_current_context(), config.period, config.early)
            with warehouse(f"{dag_id}.stage") as target, rejections_are_final():
                return stage_files(landing(), target, dag_id, config, interval).written()

        staged = stage()
        wait_for_files() >> staged
        check_and_publish(dag_id, config, [config.raw_table], staged)
    return dag

"""A sensor for what a run reads, and the row that a run leaves for those who wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import task

from lib.intervals import Interval, Period, interval_of
from lib.upstream import Need

POKE_SECONDS = 120


def await_inputs(period: Period, needs: Callable[[Interval], Sequence[Need]], timeout: timedelta) -> Any:
    """A task that gives its slot back between two looks, until all that the interval needs is done."""

    @task.sensor(mode="reschedule", poke_interval=POKE_SECONDS, timeout=timeout.total_seconds())
    def wait_for_inputs(**context: Any) -> bool:
        """Wait until the DAGs that this one reads from have done the interval."""
        from lib.connections import warehouse
        from lib.upstream import lacking
        from lib.warehouse.schemas import prepare

        with warehouse(f"{context['dag'].dag_id}.wait") as connection:
            prepare(connection)
            left = lacking(connection, needs(interval_of(context, period)))
        print("\n".join(left) or "everything is there")
        return not left

    return wait_for_inputs()


def finish(connection, context: Mapping[str, Any], interval: Interval, rows_in: int, rows_out: int) -> None:
    """Record the run, with all tests of the batch: dbt's, as its tasks have told, and the suites'."""
    from lib.runs import record_run
    from lib.warehouse.schemas import DQ_RESULT

    run, dag = context["dag_run"], context["dag"]
    batch = interval.batch(dag.dag_id)
    models = [task.task_id for task in dag.tasks if task.task_type == "DbtNode"]
    told = context["ti"].xcom_pull(task_ids=models, key="outcome") if models else []
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT COUNT_IF("PASSED"), COUNT_IF(NOT "PASSED" AND "SEVERITY" = ?), '
            f'COUNT_IF(NOT "PASSED" AND "SEVERITY" <> ?) FROM {DQ_RESULT} WHERE "BATCH_ID" = ?',
            ("warn", "warn", batch.id),
        )
        kept = cursor.fetchone()
    counts = [
        int(count or 0) + sum(one[name] for one in told if one)
        for name, count in zip(("passed", "warned", "failed"), kept, strict=True)
    ]
    release = next((tag[8:] for tag in dag.tags if tag.startswith("release:")), None)
    record_run(
        connection,
        dag.dag_id,
        run.run_id,
        batch.id,
        rows_in,
        rows_out,
        *counts,
        run.start_date,
        datetime.now(UTC),
        release=release,
    )

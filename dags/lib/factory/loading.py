"""The end that all loads have: the staged rows are checked, then published, and the run is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import get_current_context, task

from lib.connections import warehouse
from lib.factory.model import PgIncremental, S3FileFeed
from lib.factory.shape import asset, extra_of, rejections_are_final
from lib.intervals import Interval
from lib.loads.handover import Handover
from lib.warehouse.batch import Batch
from lib.warehouse.tables import Table


def check_and_publish(
    dag_id: str, config: PgIncremental | S3FileFeed, tables: Sequence[Table], staged: Any
) -> None:
    """The tasks `preflight` and `publish`, after the one whose handover is `staged`."""
    outlets = [asset(table.logical_name.replace(".", "/")) for table in tables]

    @task(multiple_outputs=False)
    def preflight(values: dict[str, Any]) -> tuple[int, int, int]:
        """Run the suite on what is staged; returns how many of its rules passed, warned and failed."""
        from lib.loads.publishing import is_published
        from lib.quality.tasks import checked

        handover = Handover.read(dag_id, tables, values)
        with warehouse(f"{dag_id}.preflight") as connection, rejections_are_final():
            if is_published(connection, handover):
                print(f"{handover.batch.id} is published already: nothing to check")
                return 0, 0, 0
        places = {one.table.logical_name: one.name for one in handover.staged}
        suite = config.suite.removesuffix(".json")
        with rejections_are_final():
            outcome = checked(suite, handover.batch, places, get_current_context())
        return outcome.passed, outcome.warned, outcome.failed

    @task(outlets=outlets, multiple_outputs=False)
    def publish(values: dict[str, Any], tests: tuple[int, int, int]) -> int:
        """Make the rows visible, all tables at once; returns how many."""
        from lib.loads.publishing import publish_once

        context, handover = get_current_context(), Handover.read(dag_id, tables, values)
        passed, warned, failed = tests
        with warehouse(f"{dag_id}.publish") as connection:
            with rejections_are_final():
                rows = publish_once(connection, handover)
            outcome = (handover.rules + passed, warned, failed)
            _record(connection, context, handover.batch, (handover.rows, rows), outcome)
        extra_of(context, outlets, Interval(handover.batch.start, handover.batch.end))
        return rows

    publish(staged, preflight(staged))


def _record(
    connection: Any, context: Any, batch: Batch, rows: tuple[int, int], tests: tuple[int, int, int]
) -> None:
    """Keep the run's outcome: rows in and out, and how many tests passed, warned and failed."""
    from lib.runs import record_run

    run, dag = context["dag_run"], context["dag"]
    # A loader says which release the code is of.
    release = next((tag.partition(":")[2] for tag in dag.tags if tag.startswith("release:")), None)
    record_run(
        connection,
        dag.dag_id,
        run.run_id,
        batch.id,
        *rows,
        *tests,
        run.start_date,
        datetime.now(UTC),
        release=release,
    )

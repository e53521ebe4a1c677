"""The end that all loads have: the staged rows are checked, then published, and the run is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import get_current_context, task

from lib.connections import WAREHOUSE, warehouse
from lib.factory.model import PgIncremental, S3FileFeed
from lib.factory.shape import asset, rejections_are_final
from lib.loads.handover import Handover
from lib.warehouse.tables import Table


def check_and_publish(
    dag_id: str, config: PgIncremental | S3FileFeed, tables: Sequence[Table], staged: Any
) -> None:
    """The tasks `preflight` and `publish`, after the one whose handover is `staged`."""
    outlets = [asset(f"{table.schema}/{table.name}".lower()) for table in tables]

    @task(multiple_outputs=False)
    def preflight(values: dict[str, Any]) -> dict[str, int]:
        """Run the suite on what is staged; returns how many of its rules passed, warned and failed."""
        from airflow.sdk import Connection

        from lib.loads.publishing import is_published
        from lib.quality import run_suite

        handover = Handover.read(dag_id, tables, values)
        with warehouse(f"{dag_id}.preflight") as connection:
            if is_published(connection, handover):
                print(f"{handover.batch.id} is published already: nothing to check")
                return {"passed": 0, "warned": 0, "failed": 0}
        places = {f"{one.table.schema}.{one.table.name}".lower(): one.name for one in handover.staged}
        with rejections_are_final():
            outcome = run_suite(
                config.suite.removesuffix(".json"), handover.batch, places, Connection.get(WAREHOUSE)
            )
        return {"passed": outcome.passed, "warned": outcome.warned, "failed": outcome.failed}

    @task(outlets=outlets, multiple_outputs=False)
    def publish(values: dict[str, Any], checked: dict[str, int]) -> int:
        """Make the rows visible, all tables at once; returns how many."""
        from lib.loads.publishing import publish_once
        from lib.runs import record_run

        context = get_current_context()
        handover, run = Handover.read(dag_id, tables, values), context["dag_run"]
        with warehouse(f"{dag_id}.publish") as connection:
            with rejections_are_final():
                rows = publish_once(connection, handover)
            record_run(
                connection,
                dag_id,
                run.run_id,
                handover.batch.id,
                handover.rows,
                rows,
                handover.rules + checked["passed"],
                checked["warned"],
                checked["failed"],
                run.start_date,
                datetime.now(UTC),
                release=_release(context["dag"].tags),
            )
        for outlet in outlets:
            context["outlet_events"][outlet].extra = {"start": values["start"], "end": values["end"]}
        return rows

    publish(staged, preflight(staged))


def _release(tags: Any) -> str | None:
    """The release that this code is of, if a loader has said it."""
    return next((tag.partition(":")[2] for tag in tags if tag.startswith("release:")), None)

"""The row that a run leaves in OPS.PIPELINE_RUN, by its last task: those who wait for it look there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lib.intervals import Interval
from lib.warehouse.batch import Batch


@dataclass(frozen=True)
class Counted:
    """How many tests ended how."""

    passed: int = 0
    warned: int = 0
    failed: int = 0

    @classmethod
    def of_dbt(cls, statuses: Mapping[str, int]) -> Counted:
        """From how many of dbt's tests had which status."""
        return cls(statuses.get("pass", 0), statuses.get("warn", 0), statuses.get("fail", 0))

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.passed + other.passed, self.warned + other.warned, self.failed + other.failed)


def finish(
    connection,
    context: Mapping[str, Any],
    interval: Interval,
    rows_in: int,
    rows_out: int,
    more: Counted = Counted(),
) -> None:
    """Record the run, with all tests of the batch: what dbt's tasks have told, the suites', and `more`."""
    from lib.runs import record_run
    from lib.warehouse.schemas import prepare

    run, dag = context["dag_run"], context["dag"]
    batch = interval.batch(dag.dag_id)
    prepare(connection)
    tests = _suites(connection, batch) + _models(context) + more
    record_run(
        connection,
        dag.dag_id,
        run.run_id,
        batch.id,
        rows_in,
        rows_out,
        tests.passed,
        tests.warned,
        tests.failed,
        run.start_date,
        datetime.now(UTC),
        release=next((tag[8:] for tag in dag.tags if tag.startswith("release:")), None),
    )


def _models(context: Mapping[str, Any]) -> Counted:
    """What the run's dbt tasks have told."""
    names = [task.task_id for task in context["dag"].tasks if task.task_type == "DbtNode"]
    told = context["ti"].xcom_pull(task_ids=names, key="outcome") if names else []
    return sum((Counted(**one) for one in told if one), Counted())


def _suites(connection, batch: Batch) -> Counted:
    """What was kept of the batch in OPS.DQ_RESULT."""
    from lib.warehouse.schemas import DQ_RESULT

    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT COUNT_IF("PASSED"), COUNT_IF(NOT "PASSED" AND "SEVERITY" = ?), '
            f'COUNT_IF(NOT "PASSED" AND "SEVERITY" <> ?) FROM {DQ_RESULT} WHERE "BATCH_ID" = ?',
            ("warn", "warn", batch.id),
        )
        return Counted(*(int(count or 0) for count in cursor.fetchone()))

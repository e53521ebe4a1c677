"""The person who approves the monthly report: by hand, in their own name, as its pipeline asks them to.

In production nobody does this by a program. Here somebody has to, or the run would wait for three days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.platform.connections import warehouse_database
from local.platform.runner import AirflowRunner
from local.stack_info import StackInfo

REPORTING, PREPARES, WAITS = "regulatory_reporting_monthly", "prepare", "wait_for_approval"
OFFICER = "COMPLIANCE_OFFICER"
_ASKING = ("scheduled", "queued", "running", "up_for_reschedule")
_APPROVE = (
    'INSERT INTO "OPS"."REPORT_APPROVAL" ("REPORT_ID", "DIGEST", "VERDICT", "DECIDED_BY", "DECIDED_AT", '
    "\"COMMENT\") SELECT ?, ?, 'approved', CURRENT_USER(), SYSDATE(), 'Compared with the marts'"
)
Decide = Callable[[str, str], object]
"""Approves a report, by its name, with a digest."""


@dataclass
class Officer:
    """Approves each report once that a run waits with."""

    runner: AirflowRunner
    decide: Decide
    _decided: set[str] = field(default_factory=set)

    def look(self) -> list[str]:
        """Approve what waits; the reports' names."""
        approved = []
        for dag_id, run_id, task in self.runner.tasks(*_ASKING):
            if (dag_id, task.task_id) != (REPORTING, WAITS):
                continue
            prepared: Mapping[str, str] = self.runner.airflow.said(dag_id, run_id, PREPARES)
            if prepared["digest"] not in self._decided:
                self.decide(prepared["report"], prepared["digest"])
                self._decided.add(prepared["digest"])
                approved.append(prepared["report"])
        return approved


def in_the_warehouse(info: StackInfo, environment: str) -> Decide:
    """Decides as the officer, in a session of their own."""
    place: dict[str, Any] = {**info.warehouse, "user": OFFICER, "database": warehouse_database(environment)}

    def decide(report: str, digest: str) -> None:
        import snowflake.connector

        with snowflake.connector.connect(**place, schema="OPS", paramstyle="qmark") as connection:
            connection.cursor().execute(_APPROVE, (report, digest))

    return decide

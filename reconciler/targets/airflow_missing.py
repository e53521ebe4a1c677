"""Creates runs that are missing some minutes after a deployment. Called by `airflow_dags`.

Every call may be repeated: a run that is there is not created again.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.errors import Terminal, Transient
from reconciler.model.plan import CreateRuns
from reconciler.model.state import StepResult
from reconciler.ports import Airflow, Clock
from reconciler.targets.airflow_fence import MOST
from reconciler.targets.callers import each
from reconciler.targets.lease_guard import LeaseGuard


@dataclass(frozen=True)
class AirflowMissing:
    """The missing runs of one Airflow."""

    airflow: Airflow
    clock: Clock
    lease: LeaseGuard

    def create(self, step: CreateRuns) -> StepResult:
        """One step, once. What one DAG is refused keeps no other from its runs."""
        done, error = each(lambda dag_id: self._create(step, dag_id), step.missing)
        return StepResult(refused={dag_id: line for dag_id, line in done.items() if line}, error=error)

    def _create(self, step: CreateRuns, dag_id: str) -> str:
        """Why there is no run of a DAG, and what is left to do; empty if there is."""
        self.lease.check()
        try:
            dates = [run.date for run in step.missing[dag_id]]
            if dates:
                self.airflow.create_missing(dag_id, min(dates), max(dates), MOST)
            else:
                self.airflow.create_run(dag_id, step.run_id)
        except (Terminal, Transient) as error:
            if isinstance(error, Transient) and self.clock.now() <= step.patient_until:
                raise
            return f"{dag_id}: {error}"
        return ""

"""Lets runs that failed run again. Called by `airflow_dags`.

Every call may be repeated: a run that was cleared has not failed any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.errors import Terminal, Transient
from reconciler.model.plan import ClearRuns, FailedRun
from reconciler.model.state import StepResult
from reconciler.ports import Airflow, Clock
from reconciler.targets.callers import each
from reconciler.targets.lease_guard import LeaseGuard


@dataclass(frozen=True)
class AirflowFailed:
    """The failed runs of one Airflow."""

    airflow: Airflow
    clock: Clock
    lease: LeaseGuard

    def clear(self, step: ClearRuns) -> StepResult:
        """One step, once. What one run is refused keeps no other from running again."""
        done, error = each(lambda run: self._clear(step, run), step.runs)
        return StepResult(
            cleared=tuple(run for run, flaw in done.items() if flaw is None),
            uncleared={run: flaw for run, flaw in done.items() if flaw is not None},
            message=f"{len(done)} failed runs were looked at.",
            error=error,
        )

    def _clear(self, step: ClearRuns, run: FailedRun) -> str | None:
        """None if it runs again; else why not, empty if there was nothing to clear."""
        self.lease.check()
        try:
            return None if self.airflow.clear_failed(run.dag_id, run.run_id) else ""
        except (Terminal, Transient) as error:
            if isinstance(error, Transient) and self.clock.now() <= step.patient_until:
                raise
            return str(error)

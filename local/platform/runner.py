"""Starts runs by Airflow's REST API, as a person may, and says what went wrong in one."""

from __future__ import annotations

from dataclasses import dataclass

from local.demo.airflow_api import AirflowApi
from local.platform.pipelines import Pipeline
from local.sources.times import Interval

LINES = 40
"""So much is shown of a failed task's log."""


@dataclass(frozen=True)
class AirflowRunner:
    """Implements `Runner` for a running Airflow."""

    airflow: AirflowApi

    def begin(self, pipeline: Pipeline, run_id: str, interval: Interval) -> None:
        """See `Runner`. The logical date is the interval's end: no two intervals have the same."""
        asked = {"start": interval.start.isoformat(), "end": interval.end.isoformat()}
        self.airflow.unpause(pipeline.dag_id)
        self.airflow.trigger(pipeline.dag_id, run_id, {"interval": asked}, due=interval.end)

    def state(self, dag_id: str, run_id: str) -> str:
        """See `Runner`."""
        return self.airflow.run_state(dag_id, run_id)

    def seconds(self, dag_id: str, run_id: str) -> float:
        """See `Runner`."""
        return self.airflow.seconds(dag_id, run_id)

    def trouble(self, dag_id: str, run_id: str) -> str:
        """The tasks of a run that failed, and the end of the first one's log."""
        failed = [task for task in self.airflow.tasks(dag_id, run_id) if task.state == "failed"]
        if not failed:
            return f"{dag_id}, {run_id}: no task failed"
        tail = self.airflow.log(dag_id, run_id, failed[0])[-LINES:]
        names = ", ".join(task.task_id for task in failed)
        return "\n".join([f"{dag_id}, {run_id}: failed: {names}", *(f"  {line}" for line in tail)])

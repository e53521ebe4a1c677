"""Starts runs by Airflow's REST API, as a person may, and says what went wrong in one."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.demo.airflow_api import AirflowApi, TaskRun
from local.platform.pipelines import Pipeline
from local.sources.times import Interval

LINES = 40
"""So much is shown of a failed task's log."""


@dataclass(frozen=True)
class AirflowRunner:
    """Implements `Runner` for a running Airflow."""

    airflow: AirflowApi
    _told: set[tuple[str, str, str, int]] = field(default_factory=set)

    def begin(self, pipeline: Pipeline, run_id: str, interval: Interval) -> None:
        """See `Runner`. The logical date is the interval's end: no two intervals have the same."""
        asked = {"start": interval.start.isoformat(), "end": interval.end.isoformat()}
        self.airflow.unpause(pipeline.dag_id)
        self.airflow.trigger(pipeline.dag_id, run_id, {"interval": asked}, due=interval.end)

    def state(self, dag_id: str, run_id: str) -> str:
        """See `Runner`. Empty where Airflow is too busy to say."""
        try:
            return self.airflow.run_state(dag_id, run_id)
        except OSError:
            return ""

    def seconds(self, dag_id: str, run_id: str) -> float:
        """See `Runner`."""
        return self.airflow.seconds(dag_id, run_id)

    def tasks(self, *states: str) -> list[tuple[str, str, TaskRun]]:
        """DAG id, run id and task of what is in these states; none where Airflow is too busy to say."""
        try:
            return self.airflow.in_state(*states)
        except OSError:
            return []

    def retries(self) -> list[str]:
        """Of each task that waits for another try, not told before: the end of its log."""
        lines = []
        for dag_id, run_id, task in self.tasks("up_for_retry"):
            if (key := (dag_id, run_id, task.task_id, task.tries)) not in self._told:
                self._told.add(key)
                what = f"{task.task_id} failed its try {task.tries}, and waits for another"
                lines.append(self._tail(f"{dag_id}, {run_id}: {what}", dag_id, run_id, task))
        return lines

    def trouble(self, dag_id: str, run_id: str) -> str:
        """The tasks of a run that failed, and the end of the first one's log."""
        failed = [task for task in self.airflow.tasks(dag_id, run_id) if task.state == "failed"]
        if not failed:
            return f"{dag_id}, {run_id}: no task failed"
        names = ", ".join(task.task_id for task in failed)
        return self._tail(f"{dag_id}, {run_id}: failed: {names}", dag_id, run_id, failed[0])

    def _tail(self, what: str, dag_id: str, run_id: str, task: TaskRun) -> str:
        tail = self.airflow.log(dag_id, run_id, task)[-LINES:]
        return "\n".join([what, *(f"  {line}" for line in tail)])

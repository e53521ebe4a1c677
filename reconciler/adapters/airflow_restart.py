"""Lets a run of Airflow begin anew, by clearing its tasks. Used by ``AirflowClient``; never waits.

MWAA's 64 characters have no room for a run's id, so the run travels in the body. As tried on Airflow 3.0.6:
a cleared task that runs becomes ``restarting``, its process is killed at its next heartbeat, and then nothing
ever takes it out of that state (`process_executor_events` only knows scheduled, queued and running): such a
task must be cleared once more. Any other task is without a state at once. The run keeps its start date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from reconciler.model.errors import Transient

R = TypeVar("R")

CLEARS = 3
"""The second one finds nothing that runs, if the DAG is paused."""

MARKER = "ExternalTaskMarker"
"""Clearing a task of this operator clears the runs of other DAGs too, and Airflow cannot be told not to."""


class Tell(Protocol):
    """Changes something patiently; None if Airflow answers with status ``done``."""

    def __call__(self, call: Callable[[], R], done: int) -> R | None: ...


class Restarter:
    """``client`` is the generated module, ``api`` its ``ApiClient``."""

    def __init__(self, client: Any, api: Any, tell: Tell) -> None:
        self._client = client
        self._tasks = client.TaskInstanceApi(api)
        self._tell = tell

    def restart(self, dag_id: str, run_id: str) -> None:
        """Clear every task of a run that has not ended. A run that is gone: fine."""
        found = self._clear(dag_id, {"dag_run_id": run_id, "dry_run": True})
        if not found:
            return
        body = {"dag_run_id": run_id, "dry_run": False, **self._only_its_own(dag_id, found)}
        for _ in range(CLEARS):
            cleared = self._clear(dag_id, body)
            if not any(task.state is not None and task.state.value == "restarting" for task in cleared):
                return
        raise Transient(f"Tasks of run {run_id} of DAG {dag_id} start while it is being restarted.")

    def _clear(self, dag_id: str, fields: dict[str, Any]) -> Sequence[Any]:
        body = self._client.ClearTaskInstancesBody(only_failed=False, reset_dag_runs=True, **fields)
        said = self._tell(lambda: self._tasks.post_clear_task_instances(dag_id, body), done=404)
        return said.task_instances if said else ()

    def _only_its_own(self, dag_id: str, found: Sequence[Any]) -> dict[str, Any]:
        """Which tasks to name so that no other DAG's are cleared; naming none means all."""
        if all(task.dag_id == dag_id for task in found):
            return {}
        own = {task.task_id for task in found if task.dag_id == dag_id and task.operator != MARKER}
        named = self._client.ClearTaskInstancesBodyTaskIdsInner
        return {"task_ids": [named(task_id) for task_id in sorted(own)]}

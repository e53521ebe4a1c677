"""Lets the failed part of an ended run of Airflow run again. Used by ``AirflowClient``; never waits.

MWAA's 64 characters have no room for a run's id, so the run travels in the body. As read in Airflow 3.0.6
(`clear_task_instances`): a run that ended becomes queued and loses its start, so that it starts anew, on the
release that is live then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reconciler.adapters.airflow_paging import Page, every
from reconciler.adapters.airflow_restart import MARKER, Tell


class Clearing:
    """``client`` is the generated module, ``api`` its ``ApiClient``."""

    def __init__(self, client: Any, api: Any, ask: Callable[[Callable[[], Any]], Any], tell: Tell) -> None:
        self._client = client
        self._runs = client.DagRunApi(api)
        self._tasks = client.TaskInstanceApi(api)
        self._ask = ask
        self._tell = tell

    def clear_failed(self, dag_id: str, run_id: str) -> bool:
        """See ``ports.Airflow.clear_failed``."""
        if not self._has_failed(dag_id, run_id):
            return False
        named = self._client.ClearTaskInstancesBodyTaskIdsInner
        failed = self._clear(dag_id, dag_run_id=run_id, only_failed=True, dry_run=True)
        first = [named(name) for name in _own(dag_id, failed)]
        if not first:
            return False
        after = self._clear(
            dag_id,
            dag_run_id=run_id,
            task_ids=first,
            include_downstream=True,
            only_failed=False,
            dry_run=True,
        )
        chosen = [named(name) for name in _own(dag_id, after)]
        cleared = self._clear(
            dag_id, dag_run_id=run_id, task_ids=chosen, only_failed=False, reset_dag_runs=True, dry_run=False
        )
        return bool(cleared)

    def _has_failed(self, dag_id: str, run_id: str) -> bool:
        """Asked of Airflow by DAG and state: a run's id cannot be asked for."""

        def fetch(offset: int, limit: int) -> Page[Any]:
            body = self._client.DAGRunsBatchBody(
                dag_ids=[dag_id], states=["failed"], order_by="id", page_offset=offset, page_limit=limit
            )
            said = self._ask(lambda: self._runs.get_list_dag_runs_batch("~", body))
            return Page(said.dag_runs, said.total_entries)

        return any(row.dag_run_id == run_id for row in every(fetch, lambda row: row.dag_run_id, "DAG runs"))

    def _clear(self, dag_id: str, **fields: Any) -> Sequence[Any]:
        body = self._client.ClearTaskInstancesBody(**fields)
        said = self._tell(lambda: self._tasks.post_clear_task_instances(dag_id, body), done=404)
        return said.task_instances if said else ()


def _own(dag_id: str, tasks: Sequence[Any]) -> list[str]:
    """The tasks to name: no other DAG's, and none that would have another DAG's runs cleared too."""
    return sorted({task.task_id for task in tasks if task.dag_id == dag_id and task.operator != MARKER})

"""Reads runs that ended, the newest of each DAG, and how often their tasks were tried. For `airflow_client`.

A page has 100 rows, and one DAG may have had more runs in a day than another in a year. So the list is read
from its newest end, and a DAG of which there are enough is asked for no more: the pages needed are about as
many as the rows that are wanted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from reconciler.adapters.airflow_paging import PAGE, Page, every
from reconciler.adapters.airflow_rows import as_ended
from reconciler.model.errors import Transient
from reconciler.model.seen import EndedRun

_ENDED = ("success", "failed")

MOST_PAGES = 100
"""At ten calls a second, MWAA gives no more in the time that a look has."""


class EndedRuns:
    """Runs that ended; ``client`` is the generated module, ``api`` its ``ApiClient``."""

    def __init__(self, client: Any, api: Any, ask: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._runs = client.DagRunApi(api)
        self._tasks = client.TaskInstanceApi(api)
        self._ask = ask

    def newest(
        self, dag_ids: Sequence[str], since: datetime, until: datetime, newest: int
    ) -> Sequence[EndedRun]:
        """See ``ports.Airflow.ended_runs``. ``Transient`` if there are too many to be read."""
        wanted, found = set(dag_ids), dict[tuple[str, str], EndedRun]()
        offset, upto = 0, until
        for _ in range(MOST_PAGES):
            if not wanted:  # an empty list would ask for every DAG's
                break
            rows = self._page(wanted, since, upto, offset)
            known = len(found)
            found |= {(run.dag_id, run.run_id): run for run in map(as_ended, rows) if run is not None}
            if len(rows) < PAGE:
                break
            had = Counter(dag_id for dag_id, _ in found)
            wanted -= {dag_id for dag_id, count in had.items() if count >= newest}
            # By time and not by offset: the list has lost the DAGs that are done with. Only where all of a
            # page ended at one moment, its rows are skipped.
            oldest = min(run.ended_at for run in found.values())
            offset = offset + len(rows) if len(found) == known and oldest == upto else 0
            upto = oldest
        else:
            raise Transient(f"More than {MOST_PAGES * PAGE} runs ended since {since.isoformat()}.")
        return _newest(found.values(), newest)

    def tries(self, dag_id: str, run_id: str) -> int:
        """See ``ports.Airflow.tries``."""

        def fetch(offset: int, limit: int) -> Page[Any]:
            body = self._client.TaskInstancesBatchBody(
                dag_ids=[dag_id],
                dag_run_ids=[run_id],
                order_by="id",
                page_offset=offset,
                page_limit=limit,
            )
            said = self._ask(lambda: self._tasks.get_task_instances_batch("~", "~", body))
            return Page(said.task_instances, said.total_entries)

        tasks = every(fetch, lambda row: (row.task_id, row.map_index), "task instances")
        return sum(max(0, row.try_number - 1) for row in tasks)

    def _page(self, dag_ids: set[str], since: datetime, until: datetime, offset: int) -> Sequence[Any]:
        body = self._client.DAGRunsBatchBody(
            dag_ids=sorted(dag_ids),
            states=list(_ENDED),
            end_date_gte=since,
            end_date_lte=until,
            order_by="-end_date",
            page_limit=PAGE,
            page_offset=offset,
        )
        rows: Sequence[Any] = self._ask(lambda: self._runs.get_list_dag_runs_batch("~", body)).dag_runs
        return rows


def _newest(runs: Any, newest: int) -> Sequence[EndedRun]:
    """The newest of each DAG, all of them oldest first."""
    kept, had = list[EndedRun](), Counter[str]()
    for run in sorted(runs, key=lambda run: (run.ended_at, run.run_id), reverse=True):
        had[run.dag_id] += 1
        if had[run.dag_id] <= newest:
            kept.append(run)
    return tuple(reversed(kept))

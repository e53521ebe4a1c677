"""Reads DAG runs: those in flight, those that the clock started, how long they take. For `airflow_client`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from reconciler.adapters.airflow_paging import Page, every

_BY_CLOCK = ("scheduled", "backfill")
_COMPARED = 10
"""The newest runs of a DAG, from which it is told how long one takes."""


class DagRuns:
    """Rows of DAG runs, as the generated client gives them."""

    def __init__(self, client: Any, api: Any, ask: Callable[[Callable[[], Any]], Any]) -> None:
        self._body = client.DAGRunsBatchBody
        self._runs = client.DagRunApi(api)
        self._ask = ask

    def active(self, dag_ids: Sequence[str]) -> list[Any]:
        """Those that are queued or running."""
        return self._all(dag_ids, states=["queued", "running"])

    def by_the_clock(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> list[Any]:
        """Scheduled ones and backfills, in any state, that were due in that time."""
        rows = self._all(dag_ids, run_after_gte=since, run_after_lte=until)
        return [row for row in rows if row.run_type.value in _BY_CLOCK]

    def ended_since(self, dag_ids: Sequence[str], since: datetime) -> list[Any]:
        """Those that ended at that time or later, or have not ended."""
        # In this order: one that ends between the two questions is among the answers to the second.
        rows = [*self.active(dag_ids), *self._all(dag_ids, end_date_gte=since)]
        return list({(row.dag_id, row.dag_run_id): row for row in rows}.values())

    def usual_seconds(self, dag_id: str) -> float | None:
        """The median of the last few that ended well; None if none did."""
        page = self._page([dag_id], states=["success"], order_by="-end_date", page_limit=_COMPARED)
        took = [
            (row.end_date - row.start_date).total_seconds()
            for row in page.rows
            if row.start_date is not None and row.end_date is not None
        ]
        return median(took) if took else None

    def _all(self, dag_ids: Sequence[str], **chosen: Any) -> list[Any]:
        if not dag_ids:  # an empty list would ask for every DAG's
            return []

        def fetch(offset: int, limit: int) -> Page[Any]:
            return self._page(dag_ids, order_by="id", page_offset=offset, page_limit=limit, **chosen)

        return every(fetch, lambda row: (row.dag_id, row.dag_run_id), "DAG runs")

    def _page(self, dag_ids: Sequence[str], **chosen: Any) -> Page[Any]:
        body = self._body(dag_ids=sorted(set(dag_ids)), **chosen)
        said = self._ask(lambda: self._runs.get_list_dag_runs_batch("~", body))
        return Page(said.dag_runs, said.total_entries)

"""The race's Airflow, over its REST API. Not the reconciler's own client."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from local.demo.airflow_api import AirflowApi

PAGE = 100
PATIENCE = 120.0
"""Seconds for which a busy Airflow is asked again."""


@dataclass(frozen=True)
class Run:
    """A run as Airflow tells it at the end; `due` is when it was to start (Unix time)."""

    dag_id: str
    run_id: str
    state: str
    kind: str
    due: float


class RaceAirflow(AirflowApi):
    """Patient with a busy machine; lists runs and tasks."""

    def start(self, dag_id: str, run_id: str) -> None:
        """Start a run. Airflow that does not know the DAG for a while is asked again."""
        try:
            self._patiently("POST", f"/dags/{quote(dag_id)}/dagRuns", _run(run_id))
        except urllib.error.HTTPError as error:
            if error.code != 409:  # it was started, and the answer was late
                raise

    def every_run(self, dag_id: str) -> list[Run]:
        """All runs of a DAG, oldest first."""
        rows = self._pages(f"/dags/{quote(dag_id)}/dagRuns?order_by=id", "dag_runs")
        return [
            Run(dag_id, row["dag_run_id"], row["state"], row["run_type"], _seconds(row["run_after"]))
            for row in rows
        ]

    def task_states(self, run: Run) -> dict[str, str]:
        """The tasks of a run and their states."""
        path = f"/dags/{quote(run.dag_id)}/dagRuns/{quote(run.run_id)}/taskInstances"
        return {row["task_id"]: str(row["state"]) for row in self._pages(path, "task_instances")}

    def _pages(self, path: str, name: str) -> Sequence[Any]:
        rows: list[Any] = []
        sign = "&" if "?" in path else "?"
        while True:
            page = self._patiently("GET", f"{path}{sign}limit={PAGE}&offset={len(rows)}")
            rows += page[name]
            if len(rows) >= page["total_entries"] or not page[name]:
                return rows

    def _patiently(self, method: str, path: str, body: object = None) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._call(method, path, body)
            except urllib.error.HTTPError as error:
                # 404: a DAG that is stale for a moment, because the dag-processor is late.
                if (error.code < 500 and error.code != 404) or time.monotonic() > deadline:
                    raise
            except OSError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)


def _run(run_id: str) -> dict[str, Any]:
    return {"dag_run_id": run_id, "logical_date": None}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

"""A running Airflow whose dag-processor and task processes see two DAG folders, as containers on MWAA do."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from local.airflow import Airflow
from tests.loader.dag_folder import DagFolder

Json = dict[str, Any]
PATIENCE = 5
"""Airflow 3.2.1 answers 500 to a question now and then when a dozen runs begin at once."""


def until(done: Callable[[], bool], what: str, seconds: float = 300) -> None:
    """Poll until `done()`; gently, for many wait at the same time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not so after {seconds:.0f} s")
        time.sleep(0.3)


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


class Containers:
    """The two folders, and the few calls of Airflow's API that the scenarios make."""

    def __init__(self, server: Airflow) -> None:
        self.server = server
        cache = server.config.home / "unused"
        self.processor, self.workers = (
            DagFolder(folder, cache) for folder in (server.config.dags, server.config.worker_dags)
        )
        self._token = server.token()
        self.version = str(self.call("GET", "version")["version"])

    def call(self, method: str, path: str, body: object = None) -> Any:
        """A call below /api/v2."""
        request = urllib.request.Request(
            f"{self.server.url}/api/v2/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        for _ in range(PATIENCE if method == "GET" else 0):
            try:
                return _answer(request)
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
                time.sleep(1)
        return _answer(request)

    def tags(self, dag_id: str) -> set[str]:
        """The tags of a DAG; none if Airflow does not know it."""
        found = self.call("GET", f"dags?dag_id_pattern={dag_id}")["dags"]
        return {tag["name"] for dag in found if dag["dag_id"] == dag_id for tag in dag["tags"]}

    def pause(self, dag_id: str, paused: bool) -> None:
        """Pause or un-pause a DAG."""
        self.call("PATCH", f"dags/{dag_id}", {"is_paused": paused})

    def trigger(self, dag_id: str) -> str:
        """Create a run; its id."""
        return str(self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def run(self, dag_id: str, run: str) -> Json:
        """A run: `state`, `start_date` and more."""
        return dict(self.call("GET", f"dags/{dag_id}/dagRuns/{run}"))

    def tasks(self, dag_id: str, run: str) -> list[Json]:
        """The task instances of a run: `task_id`, `state`, `try_number` and more."""
        return list(self.call("GET", f"dags/{dag_id}/dagRuns/{run}/taskInstances")["task_instances"])

    def adopted(self, dag_id: str) -> bool:
        """Has Airflow 3.0.6 written a DAG's newest version on all tasks in flight? Later ones do not do that.

        A task that begins another try in that moment gets another id: the scheduler does not find it, and
        dies (`StaleDataError`).
        """
        if not self.version.startswith("3.0."):
            return True
        newest = max(
            one["version_number"] for one in self.call("GET", f"dags/{dag_id}/dagVersions")["dag_versions"]
        )
        runs = self.call("GET", f"dags/{dag_id}/dagRuns?state=running")["dag_runs"]
        tasks = [task for run in runs for task in self.tasks(dag_id, run["dag_run_id"])]
        return all(
            task["dag_version"] is None or task["dag_version"]["version_number"] == newest
            for task in tasks
            if task["state"] not in ("success", "failed", "skipped", "upstream_failed", "removed")
        )

    def clear(self, dag_id: str, run: str, *task_ids: str) -> None:
        """Clear some tasks of a run, or all."""
        wanted = {"task_ids": list(task_ids)} if task_ids else {}
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run, **wanted}
        self.call("POST", f"dags/{dag_id}/clearTaskInstances", body)

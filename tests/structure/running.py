"""A running Airflow whose DAG folder gets sealed releases and pointers, as the reconciler writes them."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from local.airflow import Airflow
from local.processes import wait_until
from reconciler.build.loader import loader_files
from reconciler.core.pointer_file import pointer_key, release_key, render
from reconciler.model.plan import DagPointer, HistoryEntry
from reconciler.model.release import ReleaseManifest

SECONDS = 300.0
"""The longest that a test waits for anything: machines may be busy."""


class Running:
    """The few things these tests do with Airflow."""

    def __init__(self, server: Airflow) -> None:
        self._folder = server.config.dags
        self._url, self._token = f"{server.url}/api/v2", server.token()
        self._one_at_a_time = Lock()
        for key, body in loader_files().items():
            self._write(key, body)

    def put(self, manifest: ReleaseManifest, archive: bytes) -> None:
        """Let a release's archive arrive."""
        self._write(release_key(manifest.id), archive)

    def point(self, dag_id: str, *releases: ReleaseManifest) -> None:
        """Write a DAG's pointer, newest release first, and wait until Airflow has parsed it.

        The newest is for runs that start from now on.
        """
        now = datetime.now(UTC) + timedelta(seconds=1)
        history = tuple(
            HistoryEntry(
                release=manifest.id,
                archive_sha256=manifest.archive.sha256,
                file=manifest.dags[dag_id].file,
                since=now - timedelta(days=age),
            )
            for age, manifest in enumerate(releases)
        )
        self._write(pointer_key(dag_id), render(DagPointer(dag_id=dag_id, history=history), ""))
        wanted = f"release:{releases[0].id}"
        wait_until(lambda: wanted in self._tags(dag_id), SECONDS, f"{dag_id} carries {wanted}")

    def trigger(self, dag_id: str) -> str:
        """Start a run with a logical date of now; its id. SQLite takes one at a time."""
        with self._one_at_a_time:
            self._call("PATCH", f"dags/{dag_id}", {"is_paused": False})
            body = {"logical_date": datetime.now(UTC).isoformat()}
            return str(self._call("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def ended(self, dag_id: str, run: str) -> str:
        """Wait until a run has ended; its state."""
        path = f"dags/{dag_id}/dagRuns/{run}"

        def state() -> str:
            return str(self._call("GET", path)["state"])

        wait_until(lambda: state() in ("success", "failed"), SECONDS, f"{run} ends")
        return state()

    def tasks(self, dag_id: str, run: str) -> dict[str, str | None]:
        """The states of a run's tasks."""
        found = self._call("GET", f"dags/{dag_id}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def _tags(self, dag_id: str) -> set[str]:
        found = self._call("GET", f"dags?dag_id_pattern={dag_id}")["dags"]
        return {tag["name"] for dag in found for tag in dag["tags"]}

    def _write(self, key: str, body: bytes) -> None:
        target: Path = self._folder / key
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(body)
        temporary.replace(target)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self._url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

"""The loader in a running Airflow: a flip changes tag and code; a task waits for its release, or retries."""

from __future__ import annotations

import json
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.airflow import Airflow
from local.processes import wait_until
from tests.loader.dag_folder import DagFolder

pytestmark = pytest.mark.airflow


class Api:
    """The few calls these tests make."""

    def __init__(self, server: Airflow) -> None:
        self._url, self._token = f"{server.url}/api/v2", server.token()

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self._url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def tags(self, dag_id: str) -> set[str]:
        found = self("GET", f"dags?dag_id_pattern={dag_id}")["dags"]
        return {tag["name"] for dag in found for tag in dag["tags"]}

    def trigger(self, dag_id: str) -> str:
        self("PATCH", f"dags/{dag_id}", {"is_paused": False})
        return str(self("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def state(self, dag_id: str, run: str) -> str:
        return str(self("GET", f"dags/{dag_id}/dagRuns/{run}")["state"])

    def task(self, dag_id: str, run: str) -> dict[str, Any]:
        (only,) = self("GET", f"dags/{dag_id}/dagRuns/{run}/taskInstances")["task_instances"]
        return dict(only)


@pytest.fixture(scope="module")
def api(airflow_server: Airflow) -> Api:
    return Api(airflow_server)


@pytest.fixture
def live(airflow_server: Airflow, tmp_path: Path) -> DagFolder:
    return DagFolder(airflow_server.config.dags, tmp_path / "not-the-servers")


@pytest.fixture
def dag_id() -> str:
    return f"flip_{uuid.uuid4().hex[:8]}"


def release_files(dag_id: str, text: str, out: Path) -> dict[str, bytes]:
    """A DAG whose task writes what its library says, imported only when it runs."""
    source = f"""
from datetime import timedelta
from pathlib import Path
from airflow.sdk import DAG, task

with DAG({dag_id!r}, schedule=None, default_args={{"retries": 9, "retry_delay": timedelta(seconds=1)}}):
    @task
    def tell():
        from lib_{dag_id}.text import TEXT
        Path({str(out)!r}).write_text(TEXT)

    tell()
"""
    return {f"dags/{dag_id}.py": source.encode(), f"dags/lib_{dag_id}/text.py": f"TEXT = {text!r}".encode()}


def test_a_flip_changes_the_tag_and_the_code_and_back(
    live: DagFolder, api: Api, dag_id: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    old = live.release(release_files(dag_id, "old", out))
    new = live.release(release_files(dag_id, "new", out))
    for text, history in (("old", [old]), ("new", [new, old]), ("old", [old, new, old])):
        live.point(dag_id, *history)
        wait_until(lambda h=history: api.tags(dag_id) == {f"release:{h[0]}"}, 60, f"tag of {text}")  # type: ignore[misc]
        run = api.trigger(dag_id)
        wait_until(lambda r=run: api.state(dag_id, r) == "success", 90, f"run of {text}")  # type: ignore[misc]
        assert out.read_text() == text
    assert api("GET", "importErrors")["import_errors"] == []


def test_a_task_never_runs_an_older_release_and_retries_until_its_own_is_here(
    live: DagFolder, api: Api, dag_id: str, tmp_path: Path, airflow_server: Airflow
) -> None:
    out = tmp_path / "out"
    old = live.release(release_files(dag_id, "old", out))
    new = live.release(release_files(dag_id, "new", out), arrived=False)
    live.point(dag_id, new, old)
    wait_until(lambda: api.tags(dag_id) == {f"release:{old}"}, 60, "parsing falls back")
    run = api.trigger(dag_id)
    wait_until(lambda: api.task(dag_id, run)["state"] == "up_for_retry", 90, "the task is to be retried")
    assert not out.exists()
    logs = airflow_server.config.home.rglob(f"dag_id={dag_id}/**/attempt=1.log")
    assert any(f"no whole copy of _releases/{new}.tar.gz" in log.read_text() for log in logs)
    live.put(new)
    wait_until(lambda: api.state(dag_id, run) == "success", 90, "the retry succeeds")
    assert out.read_text() == "new"
    assert api.task(dag_id, run)["try_number"] > 1

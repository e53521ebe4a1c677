"""Calls of a real Airflow's API past our own client, for tests of the client."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from local.airflow import Airflow


def ask(real: Airflow, method: str, path: str, body: Any = None) -> Any:
    """The JSON that Airflow answers; None for a 404."""
    request = urllib.request.Request(
        f"{real.url}/api/v2{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {real.token()}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None


def until(seen: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "Airflow did not come to the state that the test needs"
        time.sleep(0.25)


def dag(real: Airflow, dag_id: str) -> dict[str, Any]:
    """A DAG as Airflow tells it; empty if it does not know it."""
    listed = ask(real, "GET", f"/dags?exclude_stale=false&dag_id_pattern={dag_id}")["dags"]
    return next((one for one in listed if one["dag_id"] == dag_id), {})


def place(real: Airflow, name: str, text: str, *dag_ids: str) -> Path:
    """Put a file into the DAG folder and wait until its DAGs are known."""
    file = real.config.dags / name
    file.write_text(text)
    until(lambda: all(dag(real, dag_id) for dag_id in dag_ids))
    return file


def run(real: Airflow, dag_id: str, run_id: str) -> dict[str, Any]:
    """A run as Airflow tells it."""
    return dict(ask(real, "GET", f"/dags/{dag_id}/dagRuns/{run_id}"))


def tasks(real: Airflow, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
    """The task instances of a run by ``task_id``, mapped ones by ``task_id[n]``."""
    rows = ask(real, "GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {row["task_id"] + (f"[{row['map_index']}]" if row["map_index"] >= 0 else ""): row for row in rows}


def states(real: Airflow, dag_id: str, run_id: str) -> dict[str, str | None]:
    """The state of each task instance of a run."""
    return {name: row["state"] for name, row in tasks(real, dag_id, run_id).items()}


def asset_event(real: Airflow, name: str) -> datetime:
    """Let an asset be updated; when."""
    rows = ask(real, "GET", "/assets?limit=100")["assets"]
    asset_id = next(row["id"] for row in rows if row["name"] == name)
    event = ask(real, "POST", "/assets/events", {"asset_id": asset_id})
    return datetime.fromisoformat(event["timestamp"])

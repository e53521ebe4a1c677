"""Airflow's REST API over plain HTTP, as a person or a dashboard would use it. For the demo's checks.

Not the reconciler's own client: a mistake in that one must not hide from the checks.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from local.airflow import fetch_token
from local.demo.outside import Dag, DagRun

TIMEOUT = 20  # seconds
TAG = "release:"


@dataclass(frozen=True)
class TaskRun:
    """A task of a run. `state` is empty while it waits; `number`: of a mapped task, else -1."""

    task_id: str
    state: str
    tries: int
    number: int


@dataclass
class AirflowApi:
    """One Airflow; `url` without /api/v2."""

    url: str
    _token: str = field(default="", repr=False)

    def dags(self) -> dict[str, Dag]:
        """See `Outside`."""
        found = self._call("GET", "/dags?limit=1000&exclude_stale=false")["dags"]
        return {item["dag_id"]: _dag(item) for item in found}

    def parsed_at(self, dag_id: str) -> datetime:
        """When the dag-processor last wrote what it had read of a DAG, UTC."""
        return datetime.fromisoformat(self._call("GET", f"/dags/{quote(dag_id)}")["last_parsed_time"])

    def import_errors(self) -> list[str]:
        """See `Outside`."""
        found = self._call("GET", "/importErrors?limit=1000")["import_errors"]
        return sorted(str(item["filename"]) for item in found)

    def run_state(self, dag_id: str, run_id: str) -> str:
        """See `Outside`."""
        run = self._maybe(f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")
        return str(run["state"]) if run else ""

    def said(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task returned, as JSON; None if nothing."""
        run = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
        entry = self._maybe(f"{run}/taskInstances/{quote(task_id)}/xcomEntries/return_value")
        return entry["value"] if entry else None

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str:
        """queued, running, success, ...; empty if there is no such task instance or it waits."""
        run = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
        found = self._maybe(f"{run}/taskInstances/{quote(task_id)}")
        return str(found["state"] or "") if found else ""

    def runs(self, dag_id: str) -> list[DagRun]:
        """See `Outside`."""
        found = self._call("GET", f"/dags/{quote(dag_id)}/dagRuns?limit=100&order_by=-run_after")["dag_runs"]
        return [
            DagRun(item["dag_run_id"], item["run_type"], item["state"], _moment(item["logical_date"]))
            for item in found
        ]

    def switched(self, dag_id: str) -> list[datetime]:
        """See `Outside`. The log does not say which of the two it was: Airflow 3.0.6 logs both the same."""
        query = f"dag_id={quote(dag_id)}&event=patch_dag&order_by=event_log_id&limit=100"
        found = self._call("GET", f"/eventLogs?{query}")["event_logs"]
        return [datetime.fromisoformat(item["when"]) for item in found]

    def set_variable(self, key: str, value: str) -> None:
        """Make or change a Variable."""
        body = {"key": key, "value": value}
        if self._maybe(f"/variables/{quote(key)}") is None:
            self._call("POST", "/variables", body)
        else:
            self._call("PATCH", f"/variables/{quote(key)}", body)

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs of a DAG."""
        self._call("PATCH", f"/dags/{quote(dag_id)}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let the scheduler start no runs of a DAG."""
        self._call("PATCH", f"/dags/{quote(dag_id)}", {"is_paused": True})

    def trigger(
        self,
        dag_id: str,
        run_id: str,
        conf: Mapping[str, object] | None = None,
        due: datetime | None = None,
    ) -> None:
        """Start a run, with other parameters than usual if `conf` has any; `due`: its logical date."""
        moment = due.isoformat() if due else None
        body = {"dag_run_id": run_id, "logical_date": moment, "conf": dict(conf or {})}
        self._call("POST", f"/dags/{quote(dag_id)}/dagRuns", body)

    def seconds(self, dag_id: str, run_id: str) -> float:
        """From the begin of a run that has ended to its end."""
        run = self._call("GET", f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")
        begin, end = _moment(run["start_date"]), _moment(run["end_date"])
        return (end - begin).total_seconds() if begin and end else 0.0

    def tasks(self, dag_id: str, run_id: str) -> list[TaskRun]:
        """The task instances of a run."""
        query = "limit=1000&order_by=start_date"
        run = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
        found = self._call("GET", f"{run}/taskInstances?{query}")["task_instances"]
        return [_task(item) for item in found]

    def in_state(self, *states: str) -> list[tuple[str, str, TaskRun]]:
        """DAG id, run id and task of every task instance that is in one of these states now."""
        asked = "&".join(f"state={state}" for state in states)
        found = self._call("GET", f"/dags/~/dagRuns/~/taskInstances?{asked}&limit=100")
        return [(item["dag_id"], item["dag_run_id"], _task(item)) for item in found["task_instances"]]

    def log(self, dag_id: str, run_id: str, task: TaskRun) -> list[str]:
        """What the last try of a task logged, line by line."""
        place = f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task.task_id)}"
        found = self._call("GET", f"{place}/logs/{task.tries}?full_content=true&map_index={task.number}")
        return [line for item in found["content"] for line in _lines(item)]

    def mark(self, dag_id: str, run_id: str, state: str) -> None:
        """Say how a run ended, as a person may in the UI."""
        self._call("PATCH", f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}", {"state": state})

    def _maybe(self, path: str) -> Any:
        try:
            return self._call("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def _call(self, method: str, path: str, body: object = None) -> Any:
        self._token = self._token or fetch_token(self.url)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v2{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)


def _task(item: Mapping[str, Any]) -> TaskRun:
    return TaskRun(item["task_id"], str(item["state"] or ""), item["try_number"], item["map_index"])


def _lines(item: object) -> list[str]:
    """Of an entry of a log: text, or a structure with an event and perhaps an exception's frames."""
    if not isinstance(item, dict):
        return str(item).splitlines()
    lines = str(item.get("event", "")).splitlines()
    for error in item.get("error_detail") or ():
        frames = error.get("frames") or ()
        lines += [f"  at {one['filename']}:{one['lineno']} in {one['name']}" for one in frames[-4:]]
        lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return lines


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _dag(item: dict[str, Any]) -> Dag:
    tags = sorted(tag["name"] for tag in item["tags"])
    return Dag(
        dag_id=item["dag_id"],
        active=not item["is_stale"],
        paused=item["is_paused"],
        releases=tuple(tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)),
    )

"""What restarting a run does to the tasks of a real Airflow, in every state that a task can be in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from tests.adapters.real_airflow import ask, place, run, states, tasks, until

pytestmark = pytest.mark.airflow

DAG, PARENT, CHILD = "restarted", "restarted_parent", "restarted_child"

ALL_STATES = """
import datetime, os, pathlib, time
from airflow.sdk import BaseOperator, dag, task
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

LOG, GO = pathlib.Path({log!r}), pathlib.Path({go!r})

def begin(name):
    with LOG.open("a") as file:
        file.write(f"{{name}} {{os.getpid()}}\\n")
    return GO.exists()

class Defers(BaseOperator):
    def execute(self, context):
        if not begin("defers"):
            self.defer(trigger=TimeDeltaTrigger(datetime.timedelta(days=1)), method_name="execute_complete")

@dag(dag_id={dag!r}, schedule=None, is_paused_upon_creation=False)
def restarted():
    @task
    def numbers():
        begin("numbers")
        return [0, 1]

    @task
    def runs(number):
        while not begin(f"runs[{{number}}]"):
            time.sleep(1)

    @task(retries=1, retry_delay=datetime.timedelta(days=1))
    def fails():
        if not begin("fails"):
            raise ValueError("not yet")

    @task.sensor(mode="reschedule", poke_interval=86_400, timeout=172_800)
    def waits():
        return begin("waits")

    @task
    def last():
        begin("last")

    [runs.expand(number=numbers()), fails(), waits(), Defers(task_id="defers")] >> last()

restarted()
"""

MARKER = """
import pathlib, time
from airflow.sdk import dag, task
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker

@dag(dag_id={parent!r}, schedule=None, is_paused_upon_creation=False)
def parent():
    @task
    def runs():
        while not pathlib.Path({go!r}).exists():
            time.sleep(1)
    ExternalTaskMarker(task_id="mark", external_dag_id={child!r}, external_task_id="quick")
    runs()

@dag(dag_id={child!r}, schedule=None, is_paused_upon_creation=False)
def child():
    EmptyOperator(task_id="quick")

parent()
child()
"""


@pytest.fixture
def airflow(airflow_server: RealAirflow) -> AirflowClient:
    return AirflowClient(HttpTransport(airflow_server.url), SystemClock())


@pytest.fixture
def files(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where the tasks write that they began, and the file that lets them end."""
    log, go = tmp_path / "log", tmp_path / "go"
    log.touch()
    yield {"log": str(log), "go": str(go)}
    go.touch()


def began(files: dict[str, str]) -> list[tuple[str, int]]:
    """Which task began in which process, in order; one that waits says it again and again."""
    lines = Path(files["log"]).read_text().splitlines()
    return [(name, int(pid)) for name, pid in (line.split() for line in lines)]


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_every_task_is_stopped_and_starts_again_when_it_may(
    airflow_server: RealAirflow, airflow: AirflowClient, files: dict[str, str]
) -> None:
    file = place(airflow_server, "restarted.py", ALL_STATES.format(dag=DAG, **files), DAG)
    airflow.create_run(DAG, "bad")
    reached = {
        "numbers": "success",
        "runs[0]": "running",
        "runs[1]": "running",
        "fails": "up_for_retry",
        "waits": "up_for_reschedule",
        "defers": "deferred",
        "last": None,
    }
    until(lambda: states(airflow_server, DAG, "bad") == reached)
    started = run(airflow_server, DAG, "bad")["start_date"]
    airflow.set_paused(DAG, True)

    airflow.restart_run(DAG, "bad")
    airflow.restart_run(DAG, "bad")
    assert set(states(airflow_server, DAG, "bad").values()) == {None}
    before = set(began(files))
    until(lambda: not any(alive(pid) for _, pid in before))
    assert set(began(files)) == before, "a task began while its DAG was paused"
    now = run(airflow_server, DAG, "bad")
    assert (now["state"], now["start_date"]) == ("running", started)

    Path(files["go"]).touch()
    airflow.set_paused(DAG, False)
    until(lambda: run(airflow_server, DAG, "bad")["state"] == "success")
    anew = {name for name, pid in began(files) if (name, pid) not in before}
    assert anew == set(reached)
    assert {task["try_number"] for name, task in tasks(airflow_server, DAG, "bad").items()} == {1, 2}
    file.unlink()


def test_runs_of_other_dags_are_left_alone(
    airflow_server: RealAirflow, airflow: AirflowClient, files: dict[str, str]
) -> None:
    text = MARKER.format(parent=PARENT, child=CHILD, **files)
    file = place(airflow_server, "restarted_marker.py", text, PARENT, CHILD)
    same = {"dag_run_id": "same", "logical_date": "2025-01-01T00:00:00Z"}
    for dag_id in (PARENT, CHILD):
        ask(airflow_server, "POST", f"/dags/{dag_id}/dagRuns", same)
    until(lambda: run(airflow_server, CHILD, "same")["state"] == "success")
    reached = {"mark": "success", "runs": "running"}
    until(lambda: states(airflow_server, PARENT, "same") == reached)
    before = tasks(airflow_server, CHILD, "same")
    airflow.set_paused(PARENT, True)
    airflow.restart_run(PARENT, "same")
    assert states(airflow_server, PARENT, "same")["runs"] is None
    assert tasks(airflow_server, CHILD, "same") == before
    assert run(airflow_server, CHILD, "same")["state"] == "success"
    Path(files["go"]).touch()
    airflow.set_paused(PARENT, False)
    until(lambda: run(airflow_server, PARENT, "same")["state"] == "success")
    file.unlink()

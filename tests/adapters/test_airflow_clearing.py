"""What clearing a failed run does to the tasks of a real Airflow: what failed and what follows, no more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from tests.adapters.real_airflow import ask, place, run, states, tasks, until

pytestmark = pytest.mark.airflow

DAG, CHILD = "cleared", "cleared_child"
EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
RUN = "a-run-whose-id-would-never-fit-into-a-path-of-64-characters-beside-its-dag"
TEXT = """
import pathlib
from airflow.sdk import dag, task
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker

GO = pathlib.Path({go!r})

@dag(dag_id={dag!r}, schedule=None, is_paused_upon_creation=False)
def cleared():
    @task
    def before():
        return [0, 1]

    @task
    def loads(number):
        assert not number or GO.exists()

    @task
    def beside():
        pass

    @task(trigger_rule="all_done")
    def tells():
        pass

    @task
    def last():
        assert GO.exists()

    mark = ExternalTaskMarker(task_id="mark", external_dag_id={child!r}, external_task_id="quick")
    beside()
    loads.expand(number=before()) >> [EmptyOperator(task_id="publishes"), mark] >> tells() >> last()

@dag(dag_id={child!r}, schedule=None, is_paused_upon_creation=False)
def child():
    EmptyOperator(task_id="quick")

cleared()
child()
"""


def test_what_failed_and_what_follows_runs_again_and_nothing_else(
    airflow_server: RealAirflow, tmp_path: Path
) -> None:
    airflow, go = AirflowClient(HttpTransport(airflow_server.url), SystemClock()), tmp_path / "go"
    text = TEXT.format(dag=DAG, child=CHILD, go=str(go))
    file = place(airflow_server, "cleared.py", text, DAG, CHILD)
    same = {"dag_run_id": RUN, "logical_date": "2025-01-01T00:00:00Z"}
    for dag_id in (DAG, CHILD):
        ask(airflow_server, "POST", f"/dags/{dag_id}/dagRuns", same)
    until(lambda: run(airflow_server, DAG, RUN)["state"] == "failed")
    until(lambda: run(airflow_server, CHILD, RUN)["state"] == "success")
    before, child = tasks(airflow_server, DAG, RUN), tasks(airflow_server, CHILD, RUN)
    started = run(airflow_server, DAG, RUN)["start_date"]
    (first,) = airflow.ended_runs([DAG], *EVER, 10)
    assert list(airflow.ended_runs([DAG], first.ended_at, first.ended_at, 10)) == [first]
    assert states(airflow_server, DAG, RUN) == {
        "before": "success",
        "beside": "success",
        "loads[0]": "success",
        "loads[1]": "failed",
        "publishes": "upstream_failed",
        "mark": "upstream_failed",
        "tells": "success",
        "last": "failed",
    }
    go.touch()
    assert airflow.clear_failed(DAG, RUN)
    assert not airflow.clear_failed(DAG, RUN)
    until(lambda: run(airflow_server, DAG, RUN)["state"] in ("success", "failed"))
    after = tasks(airflow_server, DAG, RUN)
    anew = {one for one in after if after[one]["id"] != before[one]["id"]}
    assert anew >= {"loads[1]", "publishes", "tells", "last"}
    assert not anew & {"before", "beside"}
    assert after["last"]["state"] == "success"
    assert run(airflow_server, DAG, RUN)["start_date"] > started, "it begins anew, on what is live now"
    (again,) = airflow.ended_runs([DAG], *EVER, 10)
    assert (again.run_id, again.ended_at > first.ended_at) == (RUN, True), "so it is known for another try"
    assert tasks(airflow_server, CHILD, RUN) == child, "another DAG's run is left alone"
    assert not airflow.clear_failed(DAG, RUN)
    file.unlink()

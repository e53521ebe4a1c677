"""A real Airflow, un-paused after a pause of ours, has every run that was due, each once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.observation import DueRun
from reconciler.model.plan import Unpause
from reconciler.model.state import EnvironmentState, Fence
from reconciler.targets.airflow_fence import AirflowFence
from reconciler.targets.lease_guard import LeaseGuard
from tests.adapters.real_airflow import ask, place, until
from tests.builders import EACH_MINUTE

pytestmark = pytest.mark.airflow

DAG, EVERY = "due_often", 5
SOURCE = f"""
import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("{DAG}", schedule="* * * * * */{EVERY}", start_date=datetime.datetime(2026, 1, 1), catchup=False,
         is_paused_upon_creation=False, max_active_runs=100):
    EmptyOperator(task_id="one")
"""
EACH_FIVE_SECONDS = EACH_MINUTE | {"timetable expression": f'"* * * * * */{EVERY}"'}


def runs(real: RealAirflow) -> list[dict[str, str]]:
    path = f"/dags/{DAG}/dagRuns?limit=100&order_by=-run_after"
    return list(ask(real, "GET", path)["dag_runs"])


def test_no_run_is_lost_and_none_is_there_twice(airflow_server: RealAirflow) -> None:
    airflow = AirflowClient(HttpTransport(airflow_server.url), SystemClock())
    file = place(airflow_server, "due_often.py", SOURCE, DAG)
    until(lambda: len(runs(airflow_server)) > 2)
    opened = datetime.now(UTC)
    next_run_at = airflow.dags([DAG])[DAG].next_run_at
    fence = Fence(opened_at=opened, ours=True, calendar=EACH_FIVE_SECONDS, next_run_at=next_run_at)
    airflow.set_paused(DAG, True)
    time.sleep(8 * EVERY)
    held = {run["dag_run_id"] for run in runs(airflow_server)}
    assert not [
        run for run in runs(airflow_server) if run["run_after"] > (opened + timedelta(seconds=9)).isoformat()
    ]

    guard = LeaseGuard(SystemClock(), opened + timedelta(hours=1))
    step = Unpause(dag_ids=(DAG,), not_before=opened, margin_seconds=1)
    state = EnvironmentState(environment="dev", fences={DAG: fence})
    result = AirflowFence(airflow, SystemClock(), guard).perform(step, state)
    assert result.unfenced == {DAG}
    assert len(result.created) >= 4

    until(lambda: len([run for run in runs(airflow_server) if run["state"] == "success"]) > len(held) + 10)
    airflow.set_paused(DAG, True)
    dates = [datetime.fromisoformat(run["logical_date"]) for run in runs(airflow_server)]
    assert len(set(dates)) == len(dates)
    gaps = {newer - older for newer, older in pairwise(dates)}
    assert gaps == {timedelta(seconds=EVERY)}
    again = DueRun(at=dates[0], start=dates[0], end=dates[0])
    assert airflow.create_run(DAG, "another-id", again) is False
    file.unlink()

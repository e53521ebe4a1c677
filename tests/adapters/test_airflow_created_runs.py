"""A real Airflow is given the runs that an account misses, each once and for the time at which it was due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from reconciler.core.ledger import account
from reconciler.core.timetable import timetable
from reconciler.model.plan import CreateRuns, MissingRun
from reconciler.model.state import Accounting
from reconciler.targets.airflow_missing import AirflowMissing
from reconciler.targets.lease_guard import LeaseGuard
from tests.adapters.real_airflow import ask, place
from tests.builders import EACH_MINUTE

pytestmark = pytest.mark.airflow

HOURLY = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}
CALENDARS = {
    "account_trigger": HOURLY,
    "account_trigger_with_data": HOURLY | {"timetable interval": "7200.0"},
    "account_interval": HOURLY | {"timetable": '"airflow.timetables.interval.CronDataIntervalTimetable"'},
}
ASSETS = "account_assets"
SOURCE = f"""
import datetime
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

for dag_id, schedule in (
    ("account_trigger", CronTriggerTimetable("0 * * * *", timezone="UTC")),
    (
        "account_trigger_with_data",
        CronTriggerTimetable("0 * * * *", timezone="UTC", interval=datetime.timedelta(hours=2)),
    ),
    ("account_interval", CronDataIntervalTimetable("0 * * * *", "UTC")),
    ("{ASSETS}", [Asset("account_asset")]),
):
    with DAG(dag_id, schedule=schedule, start_date=datetime.datetime(2020, 1, 1), catchup=False,
             is_paused_upon_creation=True) as dag:
        EmptyOperator(task_id="one")
    globals()[dag_id] = dag
"""


def test_each_missing_run_is_created_once(airflow_server: RealAirflow) -> None:
    airflow = AirflowClient(HttpTransport(airflow_server.url), SystemClock())
    file = place(airflow_server, "account.py", SOURCE, *CALENDARS, ASSETS)
    # Paused, so that nothing but us creates runs; two hours, so that the last of them is over for certain.
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    since = until - timedelta(hours=3)
    due = [until - timedelta(hours=hours) for hours in (2, 1, 0)]
    missing = {
        dag_id: tuple(MissingRun(due_at=at, date=_date(calendar, at)) for at in due)
        for dag_id, calendar in CALENDARS.items()
    }
    step = CreateRuns(missing=missing | {ASSETS: ()}, run_id="reconciler__account", patient_until=until)
    guard = LeaseGuard(SystemClock(), datetime.now(UTC) + timedelta(hours=1))
    for _ in range(2):
        result = AirflowMissing(airflow, SystemClock(), guard).create(step)
        assert (result.refused, result.error) == ({}, None)

    ours = {dag_id: tuple(due) for dag_id in CALENDARS}
    open_ = Accounting(since=since, creating=ours)
    runs = airflow.clock_runs(list(CALENDARS), since, until)
    found = account(CALENDARS, runs, open_, until)
    assert (found.promised, len(found.created), found.missing) == (9, 9, ())
    for dag_id in CALENDARS:
        assert len(ask(airflow_server, "GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]) == 3
    (one,) = ask(airflow_server, "GET", f"/dags/{ASSETS}/dagRuns?limit=100")["dag_runs"]
    assert (one["dag_run_id"], one["logical_date"]) == ("reconciler__account", None)
    file.unlink()


def _date(calendar: dict[str, str], at: datetime) -> datetime:
    known = timetable(calendar)
    assert known is not None
    return known.date_of(at)

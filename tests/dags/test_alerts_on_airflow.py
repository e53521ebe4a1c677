"""A task that fails on a real Airflow is told of once; the monitor asks the same Airflow what is late."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.processes import free_port, wait_until
from local.warehouse import Warehouse
from tests.dags.airflow_site import AirflowSite
from tests.dags.conftest import ROOT
from tests.dags.warehouse_world import Database

pytestmark = [pytest.mark.airflow, pytest.mark.long]

FAILING = '''\
"""Airflow DAG that fails."""

from datetime import UTC, datetime

from airflow.sdk import dag, task
from lib.alerts import default_args
from lib.warehouse.checks import Rejected


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=default_args("ana", retries=0))
def failing() -> None:
    @task
    def reject() -> None:
        raise Rejected("3 rows without a key")

    reject()


failing()
'''


@dataclass(frozen=True)
class Site(AirflowSite):
    """An Airflow and the warehouse that it is connected to."""

    database: Database

    def run(self, dag_id: str, run_id: str) -> str:
        """Trigger a DAG and wait for the end; how it ended."""
        self.call(f"dags/{dag_id}", {"is_paused": False}, "PATCH")
        self.call(f"dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        return self.ended(dag_id, run_id)

    def ended(self, dag_id: str, run_id: str) -> str:
        def state() -> str:
            return str(self.call(f"dags/{dag_id}/dagRuns/{run_id}")["state"])

        wait_until(lambda: state() in ("success", "failed"), 120, f"{dag_id} ends")
        return state()


@pytest.fixture(scope="module")
def site(
    platform_python: Path, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("alerts")
    dags = home / "dags"
    shutil.copytree(ROOT / "dags" / "lib", dags / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    (dags / "config").mkdir()
    for name in ("platform_deadlines.py", "config/ingest_pg_loans.yml", ".airflowignore"):
        shutil.copy(ROOT / "dags" / name, dags / name)
    # Only when this test says so.
    monitor = dags / "platform_deadlines.py"
    monitor.write_text(monitor.read_text().replace('schedule="*/5 * * * *"', "schedule=None"))
    (dags / "failing.py").write_text(FAILING)
    database = Database(warehouse)
    config = AirflowConfig(
        home, free_port(), dags, dags, extra={"AIRFLOW_CONN_WAREHOUSE": json.dumps(database.secret())}
    )
    airflow = start_airflow(config, platform_python)
    with closing(database.connection):
        site = Site(airflow, database)
        wait_until(lambda: site.call("dags?limit=10")["total_entries"] == 2, 60, "both DAGs are found")
        yield site
    airflow.stop()


def test_a_failure_is_kept_once_however_often_it_is_cleared(site: Site) -> None:
    assert site.run("failing", "one") == "failed"
    cleared = {"dry_run": False, "dag_run_id": "one", "only_failed": True}
    assert site.call("dags/failing/clearTaskInstances", cleared)["total_entries"] == 1
    assert site.ended("failing", "one") == "failed"
    (event,) = site.database.ask(
        'SELECT "DAG_ID", "TASK_ID", "RUN_ID", "KIND", "SEVERITY", "OWNER", "MESSAGE", "LOG_URL"'
        " FROM OPS.PIPELINE_EVENT"
    )
    *told, address = event
    assert told == [
        "failing",
        "reject",
        "one",
        "task_failed",
        "error",
        "ana",
        "Rejected: 3 rows without a key",
    ]
    assert address.startswith(f"{site.airflow.url}/dags/failing/runs/one/tasks/reject")


def test_the_monitor_asks_airflow_and_finds_nothing_late(site: Site) -> None:
    # The third has two looks to remember.
    for run_id in ("one", "two", "three"):
        assert site.run("platform_deadlines", run_id) == "success"

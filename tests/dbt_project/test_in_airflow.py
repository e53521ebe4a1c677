"""A group of dbt tasks in a real Airflow: each node to be tried again alone, and no secret to be seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.environments import ROOT, airflow_python, dbt_executable
from local.processes import free_port, wait_until
from local.sources.bank import Bank
from local.sources.times import Interval
from tests.dags.test_films_elt_run import Site
from tests.dbt_project.conftest import Make
from tests.dbt_project.project import Project

# Starts an Airflow and some fifty tasks.
pytestmark = [pytest.mark.airflow, pytest.mark.long]

DAY = Interval.of_day(date(2026, 3, 2))
DAG_ID, PASSWORD = "dbt_group_tried", "not-to-be-seen"
DAG = f"""
from datetime import datetime, timedelta
from airflow.sdk import DAG
from lib.dbt import dbt_group, node_tags

SELECT = ["tag:ledger_close_daily", "tag:stock_pipeline_dag"]
with DAG("{DAG_ID}", tags=node_tags(SELECT), start_date=datetime(2026, 1, 1), catchup=False, schedule=None,
         default_args={{"retries": 0}}):
    dbt_group("models", SELECT)
"""


class Tried(Site):
    """An Airflow with that DAG."""

    def states(self, run_id: str) -> dict[str, str]:
        """The tasks' states by node."""
        found = self.call(f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return {one["task_id"].removeprefix("models."): one["state"] for one in found}

    def seconds(self, run_id: str) -> list[float]:
        found = self.call(f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return [one["duration"] for one in found if one["duration"]]

    def try_again(self, run_id: str) -> None:
        """Clear what failed, and wait for the end."""
        body = {"dag_run_id": run_id, "only_failed": True, "dry_run": False, "reset_dag_runs": True}
        self.call(f"dags/{DAG_ID}/clearTaskInstances", body)
        wait_until(lambda: self.state(DAG_ID, run_id) in ("success", "failed"), 300, "it ends again")


@pytest.fixture(scope="module")
def project(make: Make) -> Project:
    world, project = make("airflow", Bank(seed=7), DAY)
    world.load_interval(DAY, datetime.now(UTC), first=True)
    return project


@pytest.fixture(scope="module")
def site(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "release" / "dags"
    for part in ("dags/lib", "dbt"):
        shutil.copytree(ROOT / part, home / "release" / part, ignore=shutil.ignore_patterns("__pycache__"))
    (dags / f"{DAG_ID}.py").write_text(DAG)
    for path in (home / "release" / "dbt").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    login = project.warehouse.login
    connection = {
        "conn_type": "snowflake",
        "login": login["user"],
        "password": PASSWORD,
        "host": login["host"],
        "port": login["port"],
        "schema": "OPS",
        "extra": {"account": login["account"], "protocol": "http", "database": "FINEDGE_AIRFLOW"},
    }
    extra = {"AIRFLOW_CONN_WAREHOUSE": json.dumps(connection), "FINEDGE_DBT": str(dbt_executable())}
    airflow = start_airflow(
        AirflowConfig(home=home, port=free_port(), dags=dags, worker_dags=dags, extra=extra), airflow_python()
    )
    yield Tried(airflow, "", "")
    airflow.stop()


def outcome(site: Tried, run_id: str, node: str) -> Any:
    path = f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/models.{node}/xcomEntries/outcome"
    return site.call(f"{path}?stringify=false")["value"]


def test_a_node_that_fails_is_tried_again_alone(site: Tried, project: Project) -> None:
    project.ask("UPDATE RAW_MARKET.STOCK_PRICES SET volume = 0 WHERE symbol = 'IBM'")
    run_id = site.run(DAG_ID)
    states = site.states(run_id)
    assert states.pop("stg_stock_prices") == "failed"
    assert {name for name, state in states.items() if state == "upstream_failed"} == {
        "int_stock_prices_enriched", "mart_daily_stock_performance", "mart_sector_volume_summary",
    }  # fmt: skip
    assert outcome(site, run_id, "stg_stock_prices")["failed"] == 1
    assert outcome(site, run_id, "fct_trial_balance") == {"passed": 3, "warned": 0, "failed": 0}

    project.ask("UPDATE RAW_MARKET.STOCK_PRICES SET volume = 1000 WHERE symbol = 'IBM'")
    site.try_again(run_id)
    assert set(site.states(run_id).values()) == {"success"}
    print(f"\nseconds by task: {sorted(site.seconds(run_id))}")


def test_no_secret_is_left_where_it_can_be_read(site: Tried) -> None:
    logs = site.airflow.config.home / "logs"
    for file in (file for file in Path(logs).rglob("*") if file.is_file()):
        assert PASSWORD not in file.read_text(errors="replace"), file
    assert PASSWORD.encode() not in (site.airflow.config.home / "airflow.db").read_bytes()

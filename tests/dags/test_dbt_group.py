"""How groups of dbt tasks are drawn, by a real Airflow: which tasks, in which order, and what they know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import ROOT
from tests.dags.test_dag_structure import parse

pytestmark = pytest.mark.airflow

SECRET = "not-to-be-seen"
DAG = """
from datetime import datetime, timedelta
from airflow.sdk import DAG
from lib.dbt import dbt_group, node_tags

SELECT = ["tag:dbt_transactions_mart"]
with DAG("drawn", tags=node_tags(SELECT), start_date=datetime(2026, 1, 1), catchup=False, schedule=None,
         default_args={"owner": "payments", "retries": 4, "retry_delay": timedelta(minutes=1)}):
    dbt_group("models", SELECT, exclude=["agg_daily_volume"])
"""
TOLD = """
import json
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import SerializedDAG
from lib.dbt import dbt_group, node_tags

with DAG("drawn", tags=node_tags(["tag:ledger_close_daily"])) as dag:
    group = dbt_group("close", ["tag:ledger_close_daily"], shadow="ledger_close_daily")
    try:
        dbt_group("none", ["tag:no_such_tag"])
    except ValueError as error:
        said = str(error)
task = dag.get_task("close.fct_trial_balance")
first = dag.get_task("close.stg_journal_lines")
told = {"tests": task.tests, "sources": first.sources, "shadow": task.shadow, "said": said,
        "dag": SerializedDAG.to_dict(dag)["dag"]}
print(json.dumps(told, default=str))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with one DAG."""
    release = tmp_path_factory.mktemp("release")
    for part in ("dags/lib", "dbt"):
        shutil.copytree(ROOT / part, release / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dags" / ".airflowignore", release / "dags")
    (release / "dags" / "drawn.py").write_text(DAG)
    return release / "dags"


@pytest.fixture(scope="module")
def drawn(platform_python: Path, folder: Path) -> dict[str, Any]:
    return parse(platform_python, folder)


def test_each_node_is_a_task(drawn: dict[str, Any]) -> None:
    assert drawn["errors"] == {}
    dag = drawn["dags"]["drawn"]
    assert dag["tasks"] == [
        f"models.{name}"
        for name in (
            "fct_transactions", "fct_transfers", "int_fx_rates", "stg_card_authorizations", "stg_fx_rates",
            "stg_merchants", "stg_payment_instructions", "stg_transactions", "stg_transfers",
        )
    ]  # fmt: skip
    assert set(dag["operators"].values()) == {"DbtNode"}
    assert set(dag["retries"].values()) == {4}
    assert {"dbt:agg_daily_volume", "dbt:fct_transactions"} <= set(dag["tags"])


def test_a_task_waits_for_what_its_node_and_its_tests_look_at(drawn: dict[str, Any]) -> None:
    before: dict[str, set[str]] = {}
    for one, other in drawn["dags"]["drawn"]["edges"]:
        before.setdefault(other.removeprefix("models."), set()).add(one.removeprefix("models."))
    assert before["fct_transactions"] == {
        "stg_transactions", "int_fx_rates", "stg_merchants", "stg_card_authorizations",
    }  # fmt: skip
    # The last one only for both_legs_exist.
    assert before["fct_transfers"] == {
        "stg_transfers", "int_fx_rates", "stg_payment_instructions", "stg_transactions",
    }  # fmt: skip


def test_drawing_does_nothing_but_read(drawn: dict[str, Any]) -> None:
    assert drawn["deeds"] == []


def ask(python: Path, folder: Path, seed: str) -> dict[str, Any]:
    """What Airflow serializes, with a connection that nobody must look at."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder / "home"),
        "PYTHONPATH": str(folder),
        "PYTHONHASHSEED": seed,
        "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "snowflake", "password": SECRET}),
    }
    done = subprocess.run(
        [str(python), "-c", TOLD], env=env, capture_output=True, text=True, check=True, cwd=folder
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_task_holds_names_alone(platform_python: Path, folder: Path) -> None:
    told, again = (ask(platform_python, folder, seed) for seed in ("1", "2"))
    assert "trial_balance_zero" in told["tests"]
    assert told["sources"] == ["source:raw_ledger.journal_lines"]
    assert told["shadow"] == "ledger_close_daily"
    assert told["said"] == "none: no dbt node is selected by ['tag:no_such_tag']"
    assert SECRET not in json.dumps(told)

    def tasks(found: dict[str, Any]) -> list[str]:
        return sorted(json.dumps(one, sort_keys=True) for one in found["dag"]["tasks"])

    assert tasks(told) == tasks(again)

"""The DAGs that are written by hand, as Airflow parses them: their tasks, and what comes before what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import ROOT
from tests.dags.test_dag_structure import parse

pytestmark = pytest.mark.airflow

HANDWRITTEN = {
    "aml_monitoring": ("0 7 * * *", "compliance-data"),
    "films_elt": ("0 3 * * *", "data-engineering"),
    "ledger_close_daily": ("30 2 * * *", "finance-data"),
    "ml_feature_pipeline": ("0 2 * * *", "ml-team"),
    "platform_dq_deep_weekly": ("0 6 * * 0", "data-engineering"),
    "recon_settlement": ("30 6 * * *", "payments-data"),
    "regulatory_reporting_monthly": ("0 8 2 * *", "finance-data"),
    "stock_pipeline_dag": ("0 23 * * 1-5", "market-data"),
}


@pytest.fixture(scope="module")
def dags(platform_python: Path) -> dict[str, Any]:
    found = parse(platform_python, ROOT / "dags")
    assert [file for file in found["errors"] if Path(file).stem in HANDWRITTEN] == []
    return {dag_id: found["dags"][dag_id] for dag_id in HANDWRITTEN}


def edges(dag: dict[str, Any]) -> set[tuple[str, str]]:
    """Between tasks of ours and groups of dbt's: what happens within a group is dbt's to say."""
    own = {(_step(above), _step(below)) for above, below in dag["edges"]}
    return {(above, below) for above, below in own if above != below}


def _step(task_id: str) -> str:
    return task_id.rpartition(".")[0] or task_id


@pytest.mark.parametrize("dag_id", HANDWRITTEN)
def test_what_all_of_them_promise(dags: dict[str, Any], dag_id: str) -> None:
    dag, (schedule, owner) = dags[dag_id], HANDWRITTEN[dag_id]
    assert (dag["schedule"], dag["owners"]) == (schedule, [owner])
    assert (dag["catchup"], dag["max_active_runs"], dag["depends_on_past"]) == (False, 1, False)
    assert all(dag["callbacks"].values()), "people hear of every task that fails"
    assert all(retries > 0 for retries in dag["retries"].values())
    assert {f"owner:{owner}", "handwritten"} <= set(dag["tags"])
    for chapter in ("**What**", "**When**", "**Owner**", "**When it fails**"):
        assert chapter in dag["doc"]
    assert len(dag_id) <= 38


@pytest.mark.parametrize("dag_id", HANDWRITTEN)
def test_whatever_waits_gives_its_slot_back(dags: dict[str, Any], dag_id: str) -> None:
    waiting = {
        task: dags[dag_id]["modes"][task]
        for task, kind in dags[dag_id]["operators"].items()
        if kind == "DecoratedSensorOperator"
    }
    assert set(waiting.values()) <= {"reschedule"}


@pytest.mark.parametrize("dag_id", HANDWRITTEN)
def test_a_failure_stops_all_that_comes_after(dags: dict[str, Any], dag_id: str) -> None:
    rules = dags[dag_id]["trigger_rules"]
    others = {task: rule for task, rule in rules.items() if rule != "all_success"}
    expected = {
        "aml_monitoring": {"record": "none_failed_min_one_success"},
        "ml_feature_pipeline": {"generate_predictions": "none_failed_min_one_success"},
        # Told is also what did not hold; the run fails all the same, by the task after it.
        "platform_dq_deep_weekly": {"trend": "all_done"},
    }
    assert others == expected.get(dag_id, {})


def test_a_close_is_tested_before_it_is_shown(dags: dict[str, Any]) -> None:
    dag = dags["ledger_close_daily"]
    assert edges(dag) == {("wait_for_inputs", "models"), ("models", "postflight"), ("postflight", "switch")}
    assert {"models.fct_trial_balance", "models.fct_gl_balance"} <= set(dag["tasks"])
    assert dag["outlets"] == [
        "snowflake://finedge/marts/fct_gl_balance",
        "snowflake://finedge/marts/fct_trial_balance",
    ]


def test_the_reconciliation_waits_compares_and_judges(dags: dict[str, Any]) -> None:
    dag = dags["recon_settlement"]
    assert edges(dag) == {
        ("wait_for_inputs", "models"),
        ("models", "postflight"),
        ("postflight", "summarise"),
    }
    assert {"models.fct_reconciliation_breaks", "models.mart_recon_daily"} <= set(dag["tasks"])


def test_alerts_are_escalated_or_not_and_the_run_ends_either_way(dags: dict[str, Any]) -> None:
    dag = dags["aml_monitoring"]
    assert edges(dag) == {
        ("wait_for_inputs", "alerts"),
        ("alerts", "postflight"),
        ("postflight", "decide"),
        ("decide", "escalate"),
        ("decide", "no_action"),
        ("escalate", "record"),
        ("no_action", "record"),
    }
    assert dag["operators"]["decide"] == "_BranchPythonDecoratedOperator"


def test_the_report_is_approved_between_its_draft_and_its_delivery(dags: dict[str, Any]) -> None:
    dag = dags["regulatory_reporting_monthly"]
    assert edges(dag) == {
        ("wait_for_inputs", "models"),
        ("models", "postflight"),
        ("postflight", "prepare"),
        ("prepare", "wait_for_approval"),
        ("wait_for_approval", "deliver"),
    }
    assert {"models.rpt_liquidity", "models.rpt_revenue_monthly"} <= set(dag["tasks"])
    assert dag["operators"]["wait_for_approval"] == "DecoratedSensorOperator"


def test_the_stock_pipeline_is_as_it_was_asked_for(dags: dict[str, Any]) -> None:
    dag = dags["stock_pipeline_dag"]
    assert {
        ("extract", "transform"),
        ("transform", "load"),
        ("load", "models"),
        ("models", "postflight"),
    } <= (edges(dag))
    assert dag["start_date"] == "2026-05-01"
    assert (set(dag["retries"].values()), dag["retry_minutes"]) == ({3}, [10])


def test_nothing_is_trained_before_all_features_are_built_and_tested(dags: dict[str, Any]) -> None:
    dag = dags["ml_feature_pipeline"]
    group = "feature_engineering"
    assert edges(dag) == {
        ("extract_raw_data", f"{group}.staging"),
        (f"{group}.staging", f"{group}.intermediate"),
        (f"{group}.intermediate", f"{group}.marts"),
        (f"{group}.marts", "check_training_criteria"),
        ("extract_raw_data", "check_training_criteria"),
        ("check_training_criteria", "train_model"),
        ("check_training_criteria", "skip_training"),
        ("train_model", "generate_predictions"),
        ("skip_training", "generate_predictions"),
        ("generate_predictions", "postflight"),
        ("generate_predictions", "log_metrics"),
        ("extract_raw_data", "log_metrics"),
        ("postflight", "log_metrics"),
    }
    assert (set(dag["retries"].values()), dag["retry_minutes"]) == ({2}, [5])
    assert {"ml", "features", "production"} <= set(dag["tags"])
    # Each model's task asks its tests too, and every one of them lies before the decision.
    below = _reached(dag, "check_training_criteria", backwards=True)
    assert {task for task, kind in dag["operators"].items() if kind == "DbtNode"} <= below


def test_what_one_weekly_look_finds_stops_no_other_and_fails_the_run(dags: dict[str, Any]) -> None:
    looks = {"deep_suites", "personal_data", "profiles", "dbt_docs"}
    assert edges(dags["platform_dq_deep_weekly"]) == {
        ("deep_suites", "trend"),
        ("personal_data", "trend"),
        ("trend", "record"),
        *((look, "record") for look in looks),
    }


def _reached(dag: dict[str, Any], start: str, *, backwards: bool = False) -> set[str]:
    found, left = set(), [start]
    while left:
        here = left.pop()
        for above, below in dag["edges"]:
            one, other = (below, above) if backwards else (above, below)
            if one == here and other not in found:
                found.add(other)
                left.append(other)
    return found

"""Each hand-written pipeline on a real Airflow: what it shows, decides, delivers and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lib.regulatory.approval import Verdict, statement
from lib.regulatory.signing import verify

from local.postgres import Postgres
from local.processes import wait_until
from local.warehouse import Warehouse
from tests.dags.handwritten_world import DAYS, KEY, World, asked, world
from tests.dags.lake import keys

pytestmark = [pytest.mark.airflow, pytest.mark.long]

MARCH = asked(date(2026, 3, 1), 31)


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, warehouse: Warehouse
) -> Iterator[World]:
    """The first day has come."""
    home = tmp_path_factory.mktemp("hand")
    with world(home, postgres.url.rpartition("/")[0], warehouse) as made:
        made.arrive(0)
        yield made


def close(of: World, number: int) -> str:
    return of.run("ledger_close_daily", asked(DAYS[number]))


def test_the_stock_pipeline_brings_prices_and_averages(first: World) -> None:
    run_id = first.run("stock_pipeline_dag", asked(DAYS[0]))
    ((rows_in, rows_out, failed),) = first.recorded("stock_pipeline_dag")
    assert rows_in == rows_out > 400
    assert failed == 0
    handed = first.site.result("stock_pipeline_dag", run_id, "transform")
    assert set(handed) == {"STOCK_PRICES", "DIM_METADATA", "DIM_DATE"}
    assert all(key in keys(first.lake) for key in handed.values())
    newest = "SELECT COUNT(*), MAX(TRADE_DATE) FROM MARTS.MART_DAILY_STOCK_PERFORMANCE WHERE SMA_20 > 0"
    before = first.ask(newest)
    assert before[0][1] == DAYS[0]
    first.run("stock_pipeline_dag", asked(DAYS[0]))
    assert first.ask(newest) == before


def test_a_close_is_shown_only_when_it_balances(first: World) -> None:
    close(first, 0)
    total = (
        "SELECT BUSINESS_DATE, ROUND(SUM(DEBIT_TURNOVER - CREDIT_TURNOVER), 2), COUNT(*) "
        "FROM MARTS.FCT_TRIAL_BALANCE GROUP BY 1 ORDER BY 1"
    )
    ((day, difference, rows),) = shown = first.ask(total)
    assert (day, difference) == (DAYS[0], 0)
    assert rows > 5
    # A line on an account that the chart does not have: the sums are not equal.
    wrong = "WHERE GL_ACCOUNT_ID = (SELECT MIN(GL_ACCOUNT_ID) FROM RAW_LEDGER.JOURNAL_LINES)"
    first.ask(f"UPDATE RAW_LEDGER.JOURNAL_LINES SET GL_ACCOUNT_ID = 9999 {wrong}")
    run_id = first.begin("ledger_close_daily", asked(DAYS[0]))
    states: dict[str, Any] = {}

    def stopped() -> bool:
        states.update(first.states("ledger_close_daily", run_id))
        return "up_for_retry" in states.values()

    wait_until(stopped, 200, "a test does not hold")
    assert states["switch"] is None
    first.give_up("ledger_close_daily", run_id)
    assert first.ask(total) == shown
    assert len(first.recorded("ledger_close_daily")) == 1
    first.ask("UPDATE RAW_LEDGER.JOURNAL_LINES SET GL_ACCOUNT_ID = 1000 WHERE GL_ACCOUNT_ID = 9999")


def test_all_is_compared_once_all_is_there(first: World) -> None:
    first.run("recon_settlement", asked(DAYS[0]))
    ((items, breaks, failed),) = first.recorded("recon_settlement")
    assert items > breaks
    assert failed == 0


def test_no_critical_alert_is_no_action(first: World) -> None:
    run_id = first.run("aml_monitoring", asked(DAYS[0]))
    states = first.states("aml_monitoring", run_id)
    assert (states["no_action"], states["escalate"], states["record"]) == ("success", "skipped", "success")
    assert first.ask("SELECT OUTCOME, HITS FROM OPS.AML_DECISION") == [("no_action", 0)]


def test_a_customer_on_the_list_is_escalated_once(first: World) -> None:
    name = "(SELECT FULL_NAME FROM RAW_CORE.CUSTOMERS WHERE CUSTOMER_TYPE = 'individual' LIMIT 1)"
    first.ask(
        f"UPDATE RAW_FILES.SANCTIONS_LIST SET FULL_NAME = {name} "
        "WHERE ENTITY_ID = (SELECT MIN(ENTITY_ID) FROM RAW_FILES.SANCTIONS_LIST)"
    )
    for _ in range(2):
        run_id = first.run("aml_monitoring", asked(DAYS[0]))
        states = first.states("aml_monitoring", run_id)
        assert (states["no_action"], states["escalate"]) == ("skipped", "success")
    assert first.ask("SELECT OUTCOME, HITS FROM OPS.AML_DECISION ORDER BY HITS") == [
        ("no_action", 0),
        ("escalate", 1),
    ]
    told = first.ask("SELECT SEVERITY, MESSAGE FROM OPS.PIPELINE_EVENT WHERE KIND LIKE 'aml_escalation%'")
    assert {severity for severity, _ in told} == {"error"}
    assert all(message.startswith("1 critical alerts wait") for _, message in told)


def test_the_first_model_is_trained_and_everybody_is_scored(first: World) -> None:
    run_id = first.run("ml_feature_pipeline", asked(DAYS[0]))
    states = first.states("ml_feature_pipeline", run_id)
    assert (states["train_model"], states["skip_training"]) == ("success", "skipped")
    trained = first.site.result("ml_feature_pipeline", run_id, "train_model")
    assert trained["location"] in keys(first.lake, "models/churn/2026-03-31/")
    scored = first.ask("SELECT COUNT(*), COUNT(DISTINCT CUSTOMER_ID) FROM ML.CHURN_PREDICTIONS")
    assert scored == first.ask("SELECT COUNT(*), COUNT(*) FROM ML.ML_CUSTOMER_FEATURES")
    assert scored[0][0] > 10


REPORT = "regulatory_reporting_monthly"


def decide(of: World, run_id: str, user: str, verdict: Verdict) -> None:
    """As a person does, once there is something to look at."""
    wait_until(
        lambda: of.states(REPORT, run_id).get("wait_for_approval") == "up_for_reschedule", 200, "a draft"
    )
    told = of.site.result(REPORT, run_id, "prepare")
    with closing(of.connect(user)) as connection, connection.cursor() as cursor:
        cursor.execute(statement(told["report"], told["digest"], verdict))


def test_a_refused_report_is_not_delivered(first: World) -> None:
    run_id = first.begin(REPORT, {**MARCH, "revision": 9})
    decide(first, run_id, "officer", "refused")
    wait_until(lambda: first.site.state(REPORT, run_id) == "failed", 100, "the refusal is noticed")
    assert first.states(REPORT, run_id)["deliver"] == "upstream_failed"
    assert keys(first.lake, "regulatory/2026-03-r9/delivered") == []


def test_a_report_waits_for_somebody_else_and_is_delivered_signed(first: World) -> None:
    run_id = first.begin(REPORT, MARCH)
    decide(first, run_id, "finedge", "approved")
    decide(first, run_id, "officer", "approved")
    first.succeeds(REPORT, run_id)
    pointer = json.loads(first.lake.read("regulatory/2026-03/delivered.json"))
    body = first.lake.read(pointer["manifest"])
    folder = pointer["manifest"].rpartition("/")[0]
    verify(KEY.public_key().public_bytes_raw(), body, first.lake.read(f"{folder}/manifest.sig"))
    assert json.loads(body)["approval"]["by"].casefold() == "officer"


def test_few_new_records_train_no_new_model(first: World) -> None:
    first.arrive(1)
    run_id = first.run("ml_feature_pipeline", asked(DAYS[1]))
    states = first.states("ml_feature_pipeline", run_id)
    assert (states["train_model"], states["skip_training"]) == ("skipped", "success")
    used = first.ask("SELECT COUNT(DISTINCT MODEL_VERSION), COUNT(DISTINCT AS_OF) FROM ML.CHURN_PREDICTIONS")
    assert used == [(1, 2)]


def test_the_second_day_goes_through_all_of_them(first: World) -> None:
    close(first, 1)
    days: list[Any] = first.ask("SELECT DISTINCT BUSINESS_DATE FROM MARTS.FCT_GL_BALANCE ORDER BY 1")
    assert [day for (day,) in days] == list(DAYS)
    for dag_id in ("recon_settlement", "aml_monitoring", "stock_pipeline_dag"):
        first.run(dag_id, asked(DAYS[1]))


def test_once_a_week_all_of_it_is_looked_at(first: World) -> None:
    dag_id = "platform_dq_deep_weekly"
    run_id = first.run(dag_id, asked(date(2026, 3, 30), 7))
    profiled = first.site.result(dag_id, run_id, "profiles")
    assert profiled["columns"] > 100
    page = first.lake.read(first.site.result(dag_id, run_id, "dbt_docs"))
    assert b"fct_trial_balance" in page
    trend = first.lake.read(first.site.result(dag_id, run_id, "trend")).decode()
    assert "postflight_ledger_close_daily" in trend


def test_what_was_handed_between_tasks_holds_no_secret(first: World, tmp_path: Path) -> None:
    found = first.site.call("dags/~/dagRuns/~/taskInstances/~/xcomEntries?limit=1000")
    assert "a-secret-key" not in json.dumps(found)
    logs = Path(first.site.airflow.config.home) / "logs"
    told = [path for path in logs.rglob("*.log") if "a-secret-key" in path.read_text(errors="replace")]
    assert told == []

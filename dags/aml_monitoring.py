"""Airflow DAG: looks for money laundering in the day's movements, and decides whether people have to look.

**What**: has dbt raise alerts from movements, customers and the sanctions list, then decides: critical
alerts are escalated to the money laundering officers, else no action is taken. Either way a row in
OPS.AML_DECISION says what was decided, on which evidence. An alert is decided on once, by the first run
that sees it.

**When**: 07:00 UTC for the day before; has to be done two hours later. Waits for the day's transactions and
for its sanctions list, or a newer one; of customers the newest of the last two days will do.

**Owner**: compliance-data.

**When it fails**: nothing was decided; clear the task that failed. `decide` may be run again as often as
one likes: the same evidence is the same decision. Never delete rows of OPS.AML_DECISION or OPS.AML_CASE:
they are the record for the auditor. An escalation that nobody heard of is in OPS.PIPELINE_EVENT; clearing
`escalate` tells those channels that were missed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task
from lib.alerts import default_args
from lib.dbt import dbt_group, node_tags
from lib.intervals import Interval, interval_of
from lib.quality.tasks import checkpoint
from lib.upstream import Covered, Need, Recent
from lib.waiting import await_inputs

PERIOD = "day"
MODELS = ["tag:aml_monitoring"]
NEW_ENOUGH, LISTED = timedelta(days=2), timedelta(days=1)


def needs(interval: Interval) -> list[Need]:
    """The movements of the day; of customers and of the list, the newest."""
    return [
        Covered("dbt_transactions_mart", interval),
        Recent("dbt_customer360", interval.end - NEW_ENOUGH),
        Recent("ingest_s3_sanctions", interval.end - LISTED),
    ]


@dag(
    dag_id="aml_monitoring",
    schedule="0 7 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**default_args("compliance-data"), "execution_timeout": timedelta(minutes=60)},
    tags=["handwritten", "domain:compliance", "owner:compliance-data", *node_tags(MODELS)],
    doc_md=__doc__,
)
def aml_monitoring() -> None:
    waited = await_inputs(PERIOD, needs, timedelta(hours=4))
    alerts = dbt_group("alerts", MODELS)
    tested = checkpoint("postflight_aml_monitoring", PERIOD, task_id="postflight")

    @task.branch
    def decide(**context: Any) -> str:
        """Decide on the alerts, keep the decision, and go where it says."""
        from lib.aml.decision import decide as decide_on
        from lib.connections import warehouse

        batch = interval_of(context, PERIOD).batch("aml_monitoring")
        with warehouse("aml_monitoring.decide") as connection:
            decision = decide_on(connection, batch, context["dag_run"].run_id)
        print(f"{decision.id}: {decision.outcome}, {decision.hits} critical alerts")
        context["ti"].xcom_push(key="hits", value=decision.hits)
        context["ti"].xcom_push(key="event", value=decision.event)
        return decision.outcome

    @task
    def escalate(**context: Any) -> None:
        """Tell the officers how many alerts wait for them; who is concerned stays in the warehouse."""
        from lib.telling import tell

        hits, event = (context["ti"].xcom_pull(task_ids="decide", key=key) for key in ("hits", "event"))
        message = f"{hits} critical alerts wait in MARTS.FCT_AML_ALERTS; their cases are in OPS.AML_CASE"
        tell(context, event, "error", message)

    @task
    def no_action() -> None:
        """Nothing critical: the decision's row says so."""

    @task(trigger_rule="none_failed_min_one_success")
    def record(**context: Any) -> None:
        """Record the run, whichever way it went."""
        from lib.connections import warehouse
        from lib.finishing import finish

        hits = context["ti"].xcom_pull(task_ids="decide", key="hits")
        interval = interval_of(context, PERIOD)
        with warehouse("aml_monitoring.record") as connection:
            finish(connection, context, interval, hits, hits)

    decided = decide()
    waited >> alerts >> tested >> decided >> [escalate(), no_action()] >> record()


aml_monitoring()

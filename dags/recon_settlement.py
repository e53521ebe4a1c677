"""Airflow DAG: compares what the card schemes, the processor and the banks say with our own books.

**What**: waits for six sources of the day, has dbt match their items one by one, and judges what is left
unmatched: a warning above 0.05 % of the value compared, an error above 0.5 %.

**When**: 06:30 UTC for the day before; has to be done 90 minutes later. The statements come last, at 05:00.
A join of so many waits is what a factory's one source per DAG hides: see `INPUTS`.

**Owner**: payments-data.

**When it fails**: `wait_for_inputs` names in its log whose day is missing: repair that DAG, this one goes
on by itself (until its timeout, then clear it). `postflight`: the breaks are in
`MARTS.FCT_RECONCILIATION_BREAKS`; a file that was let through twice, or a source that was loaded half,
shows there as one comparison with many breaks. Repair the source, clear its DAG, then this run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task
from lib.alerts import default_args
from lib.dbt import dbt_group, node_tags
from lib.intervals import Interval, interval_of
from lib.quality.tasks import checkpoint
from lib.upstream import Covered, Need
from lib.waiting import await_inputs

PERIOD = "day"
MODELS = ["tag:recon_settlement"]
INPUTS = (
    "ingest_s3_card_settlement",
    "ingest_s3_processor_payouts",
    "ingest_s3_bank_statements",
    "dbt_transactions_mart",
    "ledger_close_daily",
)
ON_BANKING_DAYS = ("ingest_s3_ach_returns",)


def needs(interval: Interval) -> list[Need]:
    """All that is compared, of the same day."""
    daily = [Covered(dag_id, interval) for dag_id in INPUTS]
    return [*daily, *(Covered(dag_id, interval, "banking_day") for dag_id in ON_BANKING_DAYS)]


@dag(
    dag_id="recon_settlement",
    schedule="30 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**default_args("payments-data"), "execution_timeout": timedelta(minutes=60)},
    tags=["handwritten", "domain:payments", "owner:payments-data", *node_tags(MODELS)],
    doc_md=__doc__,
)
def recon_settlement() -> None:
    waited = await_inputs(PERIOD, needs, timedelta(hours=4))
    built = dbt_group("models", MODELS)
    tested = checkpoint("postflight_recon_settlement", PERIOD, task_id="postflight")

    @task
    def summarise(**context: Any) -> dict[str, int]:
        """Count what was compared and what did not match, and record the run."""
        from lib.connections import warehouse
        from lib.finishing import finish
        from lib.recon import summary

        interval = interval_of(context, PERIOD)
        with warehouse("recon_settlement.summarise") as connection:
            found = summary(connection, interval)
            finish(connection, context, interval, found["items"], found["breaks"])
        return found

    waited >> built >> tested >> summarise()


recon_settlement()

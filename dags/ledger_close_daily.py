"""Airflow DAG: closes the ledger's day, and shows the close to its readers all at once or not at all.

**What**: waits for the day's journal, has dbt build `fct_trial_balance` and `fct_gl_balance` in a schema
aside (`MARTS_SHADOW`), tests them there, and only then replaces the day in `MARTS`, both tables in one
transaction. A trial balance that is not zero stops it: readers keep the close before.

**When**: 02:30 UTC for the day before; has to be done 90 minutes after midnight. Reads what
`ingest_pg_ledger` brings. `recon_settlement` and `regulatory_reporting_monthly` wait for it.

**Owner**: finance-data.

**When it fails**: `wait_for_inputs`: see `ingest_pg_ledger`; the books may be open still. `models` or
`postflight`: look up the rule in OPS.DQ_RESULT and the accounts in `MARTS_SHADOW`; nothing was shown. When
the journal was corrected, clear `ingest_pg_ledger` and then this run: a close that is run again replaces
its day. A correction of an old day changes the balances of all days after it: clear those too, in order.
`switch` may be cleared alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, dag, task
from lib.alerts import default_args
from lib.closing.tables import aside
from lib.dbt import dbt_group, node_tags
from lib.intervals import interval_of
from lib.quality.tasks import checkpoint
from lib.upstream import Covered
from lib.waiting import await_inputs

PERIOD = "day"
MODELS = ["tag:ledger_close_daily"]
SHOWN = [
    Asset("snowflake://finedge/marts/fct_trial_balance"),
    Asset("snowflake://finedge/marts/fct_gl_balance"),
]


@dag(
    dag_id="ledger_close_daily",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**default_args("finance-data"), "execution_timeout": timedelta(minutes=60)},
    tags=["handwritten", "domain:ledger", "owner:finance-data", *node_tags(MODELS)],
    doc_md=__doc__,
)
def ledger_close_daily() -> None:
    waited = await_inputs(
        PERIOD, lambda interval: [Covered("ingest_pg_ledger", interval)], timedelta(minutes=90)
    )
    built = dbt_group("models", MODELS, shadow="ledger_close_daily")
    tested = checkpoint("postflight_ledger_close_daily", PERIOD, aside(), task_id="postflight")

    @task(outlets=SHOWN)
    def switch(**context: Any) -> dict[str, int]:
        """Show the day in both tables, in one transaction; returns rows by table."""
        from lib.closing.switch import switch as show
        from lib.connections import warehouse
        from lib.finishing import finish

        interval = interval_of(context, PERIOD)
        with warehouse("ledger_close_daily.switch") as connection:
            counts = show(connection, interval.batch("ledger_close_daily"))
            finish(connection, context, interval, sum(counts.values()), sum(counts.values()))
        for asset in SHOWN:
            context["outlet_events"][asset].extra = interval.written()
        return counts

    waited >> built >> tested >> switch()


ledger_close_daily()

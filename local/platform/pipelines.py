"""The 25 pipelines: which of them have to be there before another may run, and how long their periods are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Period = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Pipeline:
    """A DAG. `after`: the DAGs whose run for the same interval comes first.

    `period`: what one run is asked for. Hourly pipelines are asked for a day at once.
    """

    dag_id: str
    after: tuple[str, ...] = ()
    period: Period = "day"


_LOADS = (
    *(
        Pipeline(f"ingest_pg_{what}")
        for what in ("customers", "accounts", "transactions", "transfers", "cards", "loans", "ledger")
    ),
    *(
        Pipeline(f"ingest_s3_{what}")
        for what in (
            "card_settlement",
            "ach_returns",
            "processor_payouts",
            "bank_statements",
            "fx_rates",
            "clickstream",
            "sanctions",
        )
    ),
    Pipeline("ingest_s3_credit_bureau", period="week"),
    Pipeline("stock_pipeline_dag"),
    Pipeline("films_elt"),
)
_MARTS = (
    Pipeline(
        "dbt_customer360",
        ("ingest_pg_customers", "ingest_pg_accounts", "ingest_pg_cards", "ingest_pg_loans"),
    ),
    Pipeline(
        "dbt_transactions_mart",
        ("ingest_pg_transactions", "ingest_pg_transfers", "ingest_pg_cards", "ingest_s3_fx_rates"),
    ),
    Pipeline("ledger_close_daily", ("ingest_pg_ledger",)),
    Pipeline(
        "recon_settlement",
        (
            "ingest_s3_card_settlement",
            "ingest_s3_ach_returns",
            "ingest_s3_processor_payouts",
            "ingest_s3_bank_statements",
            "dbt_transactions_mart",
            "ledger_close_daily",
        ),
    ),
    Pipeline(
        "aml_monitoring",
        ("ingest_s3_ach_returns", "ingest_s3_sanctions", "dbt_customer360", "dbt_transactions_mart"),
    ),
    Pipeline("regulatory_reporting_monthly", ("ledger_close_daily", "recon_settlement"), "month"),
    # The scores are features too.
    Pipeline(
        "ml_feature_pipeline",
        (
            "dbt_customer360",
            "dbt_transactions_mart",
            "ingest_s3_clickstream",
            "ingest_s3_credit_bureau",
        ),
    ),
)
PIPELINES = (
    *_LOADS,
    *_MARTS,
    # Waits for none of them, but looks at all that they have made.
    Pipeline("platform_dq_deep_weekly", tuple(one.dag_id for one in (*_LOADS, *_MARTS)), "week"),
)

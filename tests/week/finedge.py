"""FinEdge's 25 pipelines as far as the scheduler is concerned: what starts each, and how long it takes."""

from __future__ import annotations

from tests.builders import BY_ASSETS, EACH_MINUTE

SCHEDULES: dict[str, tuple[str, float]] = {
    "ingest_pg_customers": ("15 0 * * *", 20),
    "ingest_pg_accounts": ("20 0 * * *", 25),
    "ingest_pg_transactions": ("5 * * * *", 30),
    "ingest_pg_transfers": ("10 * * * *", 15),
    "ingest_pg_cards": ("15 * * * *", 25),
    "ingest_pg_loans": ("30 0 * * *", 35),
    "ingest_pg_ledger": ("0 1 * * *", 45),
    "ingest_s3_card_settlement": ("0 3 * * *", 90),
    "ingest_s3_ach_returns": ("0 4 * * 1-5", 10),
    "ingest_s3_processor_payouts": ("30 2 * * *", 20),
    "ingest_s3_bank_statements": ("0 5 * * *", 10),
    "ingest_s3_fx_rates": ("30 22 * * 1-5", 3),
    "ingest_s3_clickstream": ("30 * * * *", 20),
    "ingest_s3_credit_bureau": ("0 6 * * 1", 60),
    "ingest_s3_sanctions": ("30 23 * * *", 5),
    "dbt_customer360": ("", 30),
    "dbt_transactions_mart": ("", 25),
    "ledger_close_daily": ("30 2 * * *", 60),
    "recon_settlement": ("30 6 * * *", 45),
    "aml_monitoring": ("0 7 * * *", 70),
    "regulatory_reporting_monthly": ("0 8 2 * *", 120),
    "stock_pipeline_dag": ("0 23 * * 1-5", 15),
    "films_elt": ("0 1 * * *", 8),
    "ml_feature_pipeline": ("0 2 * * *", 50),
    "platform_dq_deep_weekly": ("0 6 * * 0", 150),
}
"""Cron expression (UTC; empty: assets start it) and minutes that a run takes, by DAG."""

STARTED_BY: dict[str, tuple[str, ...]] = {
    "dbt_customer360": ("ingest_pg_customers", "ingest_pg_accounts", "ingest_s3_clickstream"),
    "dbt_transactions_mart": ("ingest_pg_transactions", "ingest_pg_cards"),
}
"""The DAGs of which each run's end starts one, by the DAG that assets start."""


def calendars() -> dict[str, dict[str, str]]:
    """Of each DAG, as it is sealed."""
    return {
        dag_id: EACH_MINUTE | {"timetable expression": f'"{cron}"'} if cron else BY_ASSETS
        for dag_id, (cron, _) in SCHEDULES.items()
    }

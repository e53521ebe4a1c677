"""The 25 pipelines as they are meant to be: what the DAGs are compared with. One row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pg_incremental", "s3_file_feed", "dbt_domain", "handwritten"]
ASSETS = "Asset"


@dataclass(frozen=True)
class Pipeline:
    """`schedule`: cron, or ASSETS. `sla`: minutes after a run is due, of the DAG or, by name, of its tasks.

    `gives`: the assets of its outlets, those that its runs wait for are `takes`; both as `schema/table`.
    """

    number: int
    dag_id: str
    kind: Kind
    owner: str
    schedule: str
    sla: int | dict[str, int]
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    retries: int = 2
    retry_minutes: float = 5


def _core(*tables: str) -> tuple[str, ...]:
    return tuple(f"raw_core/{table}" for table in tables)


def _marts(*tables: str) -> tuple[str, ...]:
    return tuple(f"marts/{table}" for table in tables)


PG, S3, DBT, HAND = "pg_incremental", "s3_file_feed", "dbt_domain", "handwritten"
PIPELINES = (
    Pipeline(1, "ingest_pg_customers", PG, "customer-data", "15 0 * * *", 45,
        _core("customers", "addresses", "kyc_status")),
    Pipeline(2, "ingest_pg_accounts", PG, "customer-data", "20 0 * * *", 45,
        _core("accounts", "account_holders")),
    Pipeline(3, "ingest_pg_transactions", PG, "payments-data", "5 * * * *", 40, _core("transactions")),
    Pipeline(4, "ingest_pg_transfers", PG, "payments-data", "10 * * * *", 40,
        _core("transfers", "payment_instructions")),
    Pipeline(5, "ingest_pg_cards", PG, "payments-data", "15 * * * *", 40,
        _core("cards", "card_authorizations", "merchants")),
    Pipeline(6, "ingest_pg_loans", PG, "lending-data", "30 0 * * *", 60, _core("loans", "loan_repayments")),
    Pipeline(7, "ingest_pg_ledger", PG, "finance-data", "0 1 * * *", 60,
        ("raw_ledger/gl_accounts", "raw_ledger/journal_entries", "raw_ledger/journal_lines")),
    Pipeline(8, "ingest_s3_card_settlement", S3, "payments-data", "0 3 * * *", 150,
        ("raw_files/card_settlement",)),
    Pipeline(9, "ingest_s3_ach_returns", S3, "payments-data", "0 4 * * 1-5", 60, ("raw_files/ach_returns",)),
    Pipeline(10, "ingest_s3_processor_payouts", S3, "payments-data", "30 2 * * *", 60,
        ("raw_files/processor_payouts",)),
    Pipeline(11, "ingest_s3_bank_statements", S3, "finance-data", "0 5 * * *", 60,
        ("raw_files/bank_statements",)),
    Pipeline(12, "ingest_s3_fx_rates", S3, "finance-data", "30 22 * * 1-5", 30, ("raw_market/fx_rates",)),
    Pipeline(13, "ingest_s3_clickstream", S3, "digital-data", "30 * * * *", 60, ("raw_files/clickstream",)),
    Pipeline(14, "ingest_s3_credit_bureau", S3, "lending-data", "0 6 * * 1", 120,
        ("raw_files/credit_bureau",)),
    Pipeline(15, "ingest_s3_sanctions", S3, "compliance-data", "30 23 * * *", 30,
        ("raw_files/sanctions_list",)),
    Pipeline(16, "dbt_customer360", DBT, "customer-data", ASSETS, 60,
        _marts("dim_customer", "dim_account", "fct_customer_holdings"),
        _core("customers", "accounts", "cards", "loans")),
    Pipeline(17, "dbt_transactions_mart", DBT, "payments-data", ASSETS, 60,
        _marts("fct_transactions", "fct_transfers", "agg_daily_volume"),
        _core("transactions", "transfers", "cards")),
    Pipeline(18, "ledger_close_daily", HAND, "finance-data", "30 2 * * *", 90),
    Pipeline(19, "recon_settlement", HAND, "payments-data", "30 6 * * *", 90),
    Pipeline(20, "aml_monitoring", HAND, "compliance-data", "0 7 * * *", 120),
    Pipeline(21, "regulatory_reporting_monthly", HAND, "finance-data", "0 8 2 * *", 240),
    Pipeline(22, "stock_pipeline_dag", HAND, "market-data", "0 23 * * 1-5",
        {"extract": 60, "transform": 90, "load": 120}, retries=3, retry_minutes=10),
    Pipeline(23, "films_elt", HAND, "data-engineering", "0 3 * * *", 30, retry_minutes=0.5),
    Pipeline(24, "ml_feature_pipeline", HAND, "ml-team", "0 2 * * *", 180),
    Pipeline(25, "platform_dq_deep_weekly", HAND, "data-engineering", "0 6 * * 0", 240),
)  # fmt: skip

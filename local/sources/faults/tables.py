"""Faults in the databases."""
# ruff: noqa: S608 - the statements consist of our own words

from __future__ import annotations

from local.sources.faults.fault import TableFault

_UNCHECKED = "SET LOCAL session_replication_role = replica"  # foreign keys are not looked at


def _one(table: str, key: str, condition: str = "true") -> str:
    """A condition for the first of the day's rows."""
    return f"{key} = (SELECT min({key}) FROM {table} WHERE updated_at::date = %(day)s AND {condition})"


def _first_booked(kind: str) -> str:
    return (
        "transaction_id = (SELECT min(transaction_id) FROM core.transactions"
        f" WHERE booked_on = %(day)s AND kind = '{kind}')"
    )


def _again(table: str, condition: str) -> str:
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE {condition}"


def _unkeyed(table: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {table.split('.')[1]}_pkey CASCADE"


_CUSTOMER = _one("core.customers", "customer_id")
_DEPOSIT = _first_booked("deposit")
_LINE = (
    "line_number = 1 AND entry_id = (SELECT min(entry_id) FROM ledger.journal_entries"
    " WHERE booked_on = %(day)s)"
)  # fmt: skip

TABLE_FAULTS = (
    TableFault("customers_column_renamed", "ingest_pg_customers", "columns_match",
        ("ALTER TABLE core.customers RENAME COLUMN phone TO phone_number",)),
    TableFault("customer_without_key", "ingest_pg_customers", "key_not_null",
        (_unkeyed("core.customers"), "ALTER TABLE core.customers ALTER COLUMN customer_id DROP NOT NULL",
         "INSERT INTO core.customers SELECT (jsonb_populate_record(c, '{\"customer_id\": null}')).*"
         f" FROM core.customers c WHERE {_CUSTOMER}")),
    TableFault("customer_twice", "ingest_pg_customers", "customer_unique",
        (_unkeyed("core.customers"), _again("core.customers", _CUSTOMER))),
    TableFault("tax_id_in_full", "ingest_pg_customers", "pii_masked",
        (f"UPDATE core.customers SET tax_id_masked = '078051120' WHERE {_CUSTOMER}",)),
    TableFault("account_status_unknown", "ingest_pg_accounts", "account_status_known",
        (f"UPDATE core.accounts SET status = 'paused' WHERE {_one('core.accounts', 'account_id')}",)),
    TableFault("account_of_nobody", "ingest_pg_accounts", "account_has_customer",
        (_UNCHECKED, "UPDATE core.account_holders SET customer_id = 999999"
         f" WHERE {_one('core.account_holders', 'account_id')}")),
    TableFault("transactions_missing", "ingest_pg_transactions", "row_count_usual",
        ("DELETE FROM core.transactions"
         " WHERE booked_on = %(day)s AND kind IN ('card_purchase', 'deposit')",)),
    TableFault("amount_missing", "ingest_pg_transactions", "amount_not_null",
        ("ALTER TABLE core.transactions ALTER COLUMN amount DROP NOT NULL",
         f"UPDATE core.transactions SET amount = NULL WHERE {_DEPOSIT}")),
    TableFault("transaction_twice", "ingest_pg_transactions", "transaction_unique",
        (_unkeyed("core.transactions"), _again("core.transactions", _DEPOSIT))),
    TableFault("transactions_stale", "ingest_pg_transactions", "fresh",
        ("UPDATE core.transactions SET updated_at = updated_at - interval '30 h'"
         " WHERE updated_at::date = %(day)s",)),
    TableFault("currency_in_lower_case", "ingest_pg_transfers", "currency_iso",
        ("UPDATE core.payment_instructions SET currency = lower(currency)"
         f" WHERE {_one('core.payment_instructions', 'instruction_id')}",)),
    TableFault("transfer_leg_missing", "ingest_pg_transfers", "both_legs_exist",
        (_UNCHECKED, f"DELETE FROM core.transactions WHERE {_first_booked('transfer_in')}")),
    TableFault("card_number_in_full", "ingest_pg_cards", "no_card_number",
        ("UPDATE core.card_authorizations SET note = 'keyed in: 4111111111111111'"
         f" WHERE {_one('core.card_authorizations', 'authorization_id')}",)),
    TableFault("authorization_of_no_card", "ingest_pg_cards", "authorization_has_card",
        (_UNCHECKED, "UPDATE core.card_authorizations SET card_id = 999999"
         f" WHERE {_one('core.card_authorizations', 'authorization_id')}")),
    TableFault("rate_in_percent", "ingest_pg_loans", "rate_is_share",
        (f"UPDATE core.loans SET annual_rate = 4.5 WHERE {_one('core.loans', 'loan_id')}",)),
    TableFault("repayment_of_no_loan", "ingest_pg_loans", "repayment_has_loan",
        (_UNCHECKED, "UPDATE core.loan_repayments SET loan_id = 999999"
         f" WHERE {_one('core.loan_repayments', 'repayment_id')}")),
    TableFault("entry_unbalanced", "ingest_pg_ledger", "entry_balances",
        (f"UPDATE ledger.journal_lines SET debit = debit + 0.01 WHERE {_LINE}",)),
    TableFault("entry_backdated", "ingest_pg_ledger", "same_count_on_both_sides",
        ("INSERT INTO ledger.journal_entries SELECT max(entry_id) + 1, %(day)s, 'fee', 'EUR',"
         " %(day)s - interval '9 d', %(day)s - interval '9 d' FROM ledger.journal_entries",
         "INSERT INTO ledger.journal_lines SELECT max(entry_id), number, account, debit, credit,"
         " %(day)s - interval '9 d' FROM ledger.journal_entries,"
         " (VALUES (1, 2000, 7, 0), (2, 4000, 0, 7)) sides (number, account, debit, credit)"
         " GROUP BY 2, 3, 4, 5")),
    TableFault("segment_unknown", "dbt_customer360", "segment_accepted",
        (f"UPDATE core.customers SET segment = 'platinum' WHERE {_CUSTOMER}",)),
    TableFault("amount_negative", "dbt_transactions_mart", "amount_positive",
        (f"UPDATE core.transactions SET amount = -amount WHERE {_DEPOSIT}",)),
    TableFault("revenue_dip", "dbt_transactions_mart", "revenue_of_day",
        ("UPDATE core.transactions SET amount = round(amount * 0.75, 2)"
         " WHERE booked_on = %(day)s AND kind = 'fee'",)),
    TableFault("line_outside_chart", "ledger_close_daily", "trial_balance_zero",
        (_UNCHECKED, f"UPDATE ledger.journal_lines SET gl_account_id = 9999 WHERE {_LINE}")),
    TableFault("revenue_jump", "regulatory_reporting_monthly", "revenue_of_month",
        ("UPDATE core.transactions SET amount = round(amount * 1.5, 2) WHERE kind = 'fee'"
         " AND date_trunc('month', booked_on) = date_trunc('month', %(day)s::date)",)),
    TableFault("amount_outlier", "ml_feature_pipeline", "no_extreme_outlier",
        (f"UPDATE core.transactions SET amount = 9999999.99 WHERE {_DEPOSIT}",)),
    TableFault("email_in_free_text", "platform_dq_deep_weekly", "no_pii_in_free_text",
        ("UPDATE core.card_authorizations SET note = 'receipt to jo@example.com'"
         f" WHERE {_one('core.card_authorizations', 'authorization_id')}",)),
)  # fmt: skip

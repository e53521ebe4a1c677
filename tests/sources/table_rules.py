"""The databases' rules: queries that return rows where a rule does not hold, after the seeded two days."""

from __future__ import annotations

from local.sources.database import Connection

CUSTOMER_COLUMNS = {"customer_id", "customer_type", "full_name", "date_of_birth", "email", "phone",
                    "tax_id_masked", "country", "segment", "risk_rating", "created_at",
                    "updated_at"}  # fmt: skip

RULES = {
    "key_not_null": "SELECT 1 FROM core.customers WHERE customer_id IS NULL",
    "customer_unique": "SELECT 1 FROM core.customers GROUP BY customer_id HAVING count(*) > 1",
    "pii_masked": "SELECT 1 FROM core.customers WHERE tax_id_masked !~ '^\\*{5}\\d{4}$'",
    "account_status_known": "SELECT 1 FROM core.accounts"
    " WHERE status NOT IN ('active', 'dormant', 'frozen', 'closed')",
    "account_has_customer": "SELECT 1 FROM core.account_holders h WHERE NOT EXISTS"
    " (SELECT 1 FROM core.customers c WHERE c.customer_id = h.customer_id)",
    "row_count_usual": "SELECT 1 FROM core.transactions"
    " HAVING count(*) FILTER (WHERE booked_on = '2026-03-03')"
    " NOT BETWEEN 0.6 * count(*) FILTER (WHERE booked_on = '2026-03-02')"
    " AND 1.4 * count(*) FILTER (WHERE booked_on = '2026-03-02')",
    "amount_not_null": "SELECT 1 FROM core.transactions WHERE amount IS NULL",
    "transaction_unique": "SELECT 1 FROM core.transactions GROUP BY transaction_id HAVING count(*) > 1",
    "fresh": "SELECT 1 FROM core.transactions HAVING max(updated_at) < '2026-03-03 12:00Z'",
    "currency_iso": "SELECT 1 FROM (SELECT currency FROM core.payment_instructions UNION ALL"
    " SELECT currency FROM core.transfers) x WHERE currency !~ '^[A-Z]{3}$'",
    "both_legs_exist": "SELECT 1 FROM core.transfers x WHERE 2 <> (SELECT count(DISTINCT transaction_id)"
    " FROM core.transactions WHERE transaction_id IN (x.debit_transaction_id, x.credit_transaction_id))",
    "no_card_number": "SELECT 1 FROM (SELECT c::text FROM core.cards c UNION ALL"
    " SELECT a::text FROM core.card_authorizations a UNION ALL SELECT m::text FROM core.merchants m) x (row)"
    " WHERE row ~ '\\m\\d{13,19}\\M'",
    "authorization_has_card": "SELECT 1 FROM core.card_authorizations a WHERE NOT EXISTS"
    " (SELECT 1 FROM core.cards c WHERE c.card_id = a.card_id)",
    "rate_is_share": "SELECT 1 FROM core.loans WHERE annual_rate NOT BETWEEN 0 AND 1",
    "repayment_has_loan": "SELECT 1 FROM core.loan_repayments r WHERE NOT EXISTS"
    " (SELECT 1 FROM core.loans l WHERE l.loan_id = r.loan_id)",
    "entry_balances": "SELECT 1 FROM ledger.journal_lines GROUP BY entry_id HAVING sum(debit) <> sum(credit)",
    # What a watermark never shows is missing on the other side.
    "same_count_on_both_sides": "SELECT 1 FROM ledger.journal_entries WHERE updated_at < booked_on",
    "segment_accepted": "SELECT 1 FROM core.customers"
    " WHERE segment NOT IN ('mass', 'affluent', 'private', 'business')",
    "amount_positive": "SELECT 1 FROM core.transactions WHERE amount <= 0",
    "revenue_of_day": "SELECT 1 FROM core.transactions WHERE kind = 'fee'"
    " HAVING sum(amount) FILTER (WHERE booked_on = '2026-03-03')"
    " < 0.8 * sum(amount) FILTER (WHERE booked_on = '2026-03-02')",
    # The month before had a mean fee of 2.50.
    "revenue_of_month": "SELECT 1 FROM core.transactions WHERE kind = 'fee'"
    " HAVING avg(amount) NOT BETWEEN 0.85 * 2.50 AND 1.15 * 2.50",
    "trial_balance_zero": "SELECT 1 FROM ledger.journal_lines l WHERE NOT EXISTS"
    " (SELECT 1 FROM ledger.gl_accounts g WHERE g.gl_account_id = l.gl_account_id)",
    "no_extreme_outlier": "SELECT 1 FROM core.transactions HAVING max(amount) > avg(amount) * 100",
    "no_pii_in_free_text": "SELECT 1 FROM core.card_authorizations WHERE note ~ '@'",
}


def broken(connection: Connection) -> set[str]:
    """The names of the rules that do not hold."""
    columns = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE (table_schema, table_name) = ('core', 'customers')"
    ).fetchall()
    named = {"columns_match"} if {name for (name,) in columns} != CUSTOMER_COLUMNS else set()
    return named | {name for name, query in RULES.items() if connection.execute(query.encode()).fetchone()}

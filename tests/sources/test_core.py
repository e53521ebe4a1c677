"""The bank's data is sound: references, sums, times and masks, asked of a real PostgreSQL."""

from __future__ import annotations

import pytest

from local.sources.database import TABLES, Connection

NOTHING_IS_FOUND_BY = {
    "an account's movement is not of its holder": """
        SELECT 1 FROM core.transactions t LEFT JOIN core.account_holders h USING (account_id, customer_id)
        WHERE h.customer_id IS NULL""",
    "a movement is not in its account's currency": """
        SELECT 1 FROM core.transactions t JOIN core.accounts a USING (account_id)
        WHERE a.currency <> t.currency""",
    "a purchase differs from its authorisation": """
        SELECT 1 FROM core.card_authorizations a FULL JOIN
            (SELECT * FROM core.transactions WHERE kind = 'card_purchase') t USING (authorization_id)
        WHERE a.status <> 'declined' AND (a.amount, a.currency, a.merchant_id, a.settlement_date)
            IS DISTINCT FROM (t.amount, t.currency, t.merchant_id, t.booked_on)
            OR a.status = 'declined' AND t.transaction_id IS NOT NULL OR a.authorization_id IS NULL""",
    "a transfer's legs differ": """
        SELECT 1 FROM core.transfers x JOIN core.transactions d ON d.transaction_id = x.debit_transaction_id
            JOIN core.transactions c ON c.transaction_id = x.credit_transaction_id
        WHERE (d.amount, d.currency, d.direction, d.kind) <> (x.amount, x.currency, 'debit', 'transfer_out')
            OR (c.amount, c.currency, c.direction, c.kind) <> (x.amount, x.currency, 'credit', 'transfer_in')
            OR d.account_id = c.account_id""",
    "an internal instruction has no transfer": """
        SELECT 1 FROM core.payment_instructions i LEFT JOIN core.transfers x USING (instruction_id)
        WHERE (i.scheme = 'internal') <> (x.transfer_id IS NOT NULL)""",
    "an account does not have one primary holder": """
        SELECT account_id FROM core.accounts LEFT JOIN core.account_holders USING (account_id)
        GROUP BY 1 HAVING count(*) FILTER (WHERE role = 'primary') <> 1""",
    "an entry does not balance": """
        SELECT entry_id FROM ledger.journal_entries LEFT JOIN ledger.journal_lines USING (entry_id)
        GROUP BY 1 HAVING sum(debit) IS DISTINCT FROM sum(credit) OR sum(debit) <= 0""",
    "the ledger and the transactions differ": """
        SELECT 1 FROM
            (SELECT booked_on, kind, currency, sum(amount) FROM core.transactions GROUP BY 1, 2, 3) t
            FULL JOIN (SELECT booked_on, source AS kind, currency, sum(debit)
                FROM ledger.journal_entries JOIN ledger.journal_lines USING (entry_id) GROUP BY 1, 2, 3) l
            USING (booked_on, kind, currency, sum)
        WHERE t.booked_on IS NULL OR l.booked_on IS NULL""",
    "something took more than 48 hours to arrive": """
        SELECT 1 FROM core.transactions WHERE status = 'pending'
            AND updated_at - occurred_at NOT BETWEEN '0 h' AND '48 h'
        UNION ALL SELECT 1 FROM core.card_authorizations WHERE status = 'declined'
            AND updated_at - authorized_at NOT BETWEEN '0 h' AND '48 h'""",
    "an hour has no rows": """
        SELECT hour FROM generate_series('2026-03-02 00:00Z', '2026-03-03 23:00Z', interval '1 hour') hour
        WHERE NOT EXISTS (SELECT 1 FROM core.transactions WHERE date_trunc('hour', updated_at) = hour)
            OR NOT EXISTS (SELECT 1 FROM core.card_authorizations
                WHERE date_trunc('hour', updated_at) = hour)
            OR NOT EXISTS (SELECT 1 FROM core.payment_instructions
                WHERE date_trunc('hour', updated_at) = hour)
            OR NOT EXISTS (SELECT 1 FROM ledger.journal_entries
                WHERE date_trunc('hour', posted_at) = hour)""",
    "a card number is not masked": "SELECT 1 FROM core.cards WHERE pan_masked !~ '^\\d{6}\\*{6}\\d{4}$'",
    "a day is not closed": "SELECT 1 FROM ledger.period_close WHERE status <> 'closed'",
    "an amount is not positive": "SELECT 1 FROM core.transactions WHERE amount <= 0",
}


@pytest.mark.parametrize("fault", NOTHING_IS_FOUND_BY)
def test_it_never_happens_that(fault: str, bank: Connection) -> None:
    assert bank.execute(NOTHING_IS_FOUND_BY[fault].encode()).fetchall() == []


@pytest.mark.parametrize(
    ("what", "query"),
    {
        "late arrivals": "SELECT 1 FROM core.transactions WHERE updated_at - occurred_at > '1 h'"
        " AND status = 'pending' OR booked_on > occurred_at::date + 1",
        "pending ones": "SELECT 1 FROM core.transactions WHERE status = 'pending'",
        "updates of the day before": "SELECT 1 FROM core.transactions WHERE status = 'posted'"
        " AND updated_at >= '2026-03-03' AND booked_on = '2026-03-02'",
        "captures": "SELECT 1 FROM core.card_authorizations WHERE status = 'captured'",
        "moved customers": "SELECT 1 FROM core.addresses"
        " WHERE updated_at >= '2026-03-02' AND address_id < 1000",
        "new customers": "SELECT 1 FROM core.customers WHERE created_at >= '2026-03-03'",
        "verified newcomers": "SELECT 1 FROM core.kyc_status"
        " WHERE status = 'verified' AND customer_id > 1000",
        "repayments": "SELECT 1 FROM core.loan_repayments",
        "shares of the schemes' fees": "SELECT 1 FROM ledger.journal_lines WHERE line_number = 3",
    }.items(),
)
def test_there_are(what: str, query: str, bank: Connection) -> None:
    assert bank.execute(query.encode()).fetchall(), what


def test_every_table_is_keyed_and_described_and_has_a_watermark(bank: Connection) -> None:
    columns = "SELECT table_schema || '.' || table_name FROM information_schema.columns"
    stamped = bank.execute(f"{columns} WHERE column_name = 'updated_at'".encode()).fetchall()
    keyed = bank.execute("SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p'").fetchall()
    names = {table.name for table in TABLES}
    assert {name for (name,) in stamped} == names
    assert names <= {name for (name,) in keyed}

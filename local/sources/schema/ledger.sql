-- The general ledger: entries are only ever added. Amounts are in the entry's currency.
CREATE SCHEMA ledger;

CREATE TABLE ledger.gl_accounts (
    gl_account_id integer PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense')),
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE ledger.gl_accounts IS 'The chart of accounts';

CREATE TABLE ledger.journal_entries (
    entry_id bigint PRIMARY KEY,
    booked_on date NOT NULL,
    source text NOT NULL,
    currency char(3) NOT NULL,
    posted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE ledger.journal_entries IS 'One entry per batch of transactions of one kind and currency';
COMMENT ON COLUMN ledger.journal_entries.source IS 'The kind of the transactions behind it';

CREATE TABLE ledger.journal_lines (
    entry_id bigint REFERENCES ledger.journal_entries,
    line_number integer NOT NULL,
    gl_account_id integer NOT NULL REFERENCES ledger.gl_accounts,
    debit numeric(18, 2) NOT NULL,
    credit numeric(18, 2) NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (entry_id, line_number)
);
COMMENT ON TABLE ledger.journal_lines IS 'Debits and credits; they are equal for each entry';

CREATE TABLE ledger.period_close (
    business_date date PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('open', 'closed')),
    closed_at timestamptz,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE ledger.period_close IS 'A day that is closed gets no further entries: it may be read';

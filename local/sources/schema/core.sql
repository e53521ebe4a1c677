-- The bank's system of record. All times are UTC; every table has updated_at, which a watermark can follow.
CREATE SCHEMA core;

CREATE TABLE core.customers (
    customer_id bigint PRIMARY KEY,
    customer_type text NOT NULL CHECK (customer_type IN ('individual', 'business')),
    full_name text NOT NULL,
    date_of_birth date,
    email text NOT NULL,
    phone text NOT NULL,
    tax_id_masked text NOT NULL,
    country char(2) NOT NULL,
    segment text NOT NULL,
    risk_rating text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.customers IS 'Natural and legal persons with a contract';
COMMENT ON COLUMN core.customers.full_name IS 'PII';
COMMENT ON COLUMN core.customers.date_of_birth IS 'PII; none for a business';
COMMENT ON COLUMN core.customers.email IS 'PII';
COMMENT ON COLUMN core.customers.phone IS 'PII; E.164';
COMMENT ON COLUMN core.customers.tax_id_masked IS 'PII; only the last four characters are kept here';
COMMENT ON COLUMN core.customers.country IS 'ISO 3166-1 alpha-2';
COMMENT ON COLUMN core.customers.segment IS 'mass, affluent, private or business';
COMMENT ON COLUMN core.customers.risk_rating IS 'Money laundering risk: low, medium or high';

CREATE TABLE core.addresses (
    address_id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES core.customers,
    kind text NOT NULL CHECK (kind IN ('home', 'registered')),
    line1 text NOT NULL,
    city text NOT NULL,
    postal_code text NOT NULL,
    country char(2) NOT NULL,
    valid_from date NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.addresses IS 'Where customers live or are registered; overwritten by a move';
COMMENT ON COLUMN core.addresses.line1 IS 'PII';
COMMENT ON COLUMN core.addresses.postal_code IS 'PII';

CREATE TABLE core.kyc_status (
    customer_id bigint PRIMARY KEY REFERENCES core.customers,
    status text NOT NULL CHECK (status IN ('pending', 'verified', 'expired', 'rejected')),
    level text NOT NULL CHECK (level IN ('simplified', 'standard', 'enhanced')),
    next_review_on date NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.kyc_status IS 'Outcome of know-your-customer checks, one row per customer';

CREATE TABLE core.accounts (
    account_id bigint PRIMARY KEY,
    account_number_masked text NOT NULL,
    product text NOT NULL CHECK (product IN ('checking', 'savings', 'merchant')),
    currency char(3) NOT NULL,
    status text NOT NULL,
    opened_on date NOT NULL,
    closed_on date,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.accounts IS 'Deposit accounts';
COMMENT ON COLUMN core.accounts.currency IS 'ISO 4217';
COMMENT ON COLUMN core.accounts.status IS 'active, dormant, frozen or closed';

CREATE TABLE core.account_holders (
    account_id bigint REFERENCES core.accounts,
    customer_id bigint REFERENCES core.customers,
    role text NOT NULL CHECK (role IN ('primary', 'joint')),
    held_since date NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id)
);
COMMENT ON TABLE core.account_holders IS 'Who owns an account; exactly one is primary';

CREATE TABLE core.merchants (
    merchant_id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES core.customers,
    settlement_account_id bigint NOT NULL REFERENCES core.accounts,
    name text NOT NULL,
    mcc char(4) NOT NULL,
    category text NOT NULL,
    country char(2) NOT NULL,
    currency char(3) NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.merchants IS 'Businesses that take our cards and sell through the payment processor';
COMMENT ON COLUMN core.merchants.mcc IS 'Merchant category code, ISO 18245';

CREATE TABLE core.cards (
    card_id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES core.accounts,
    customer_id bigint NOT NULL REFERENCES core.customers,
    pan_masked text NOT NULL,
    network text NOT NULL CHECK (network IN ('visa', 'mastercard')),
    status text NOT NULL CHECK (status IN ('active', 'blocked', 'expired')),
    expires_on date NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN core.cards.pan_masked IS 'First six and last four digits; the full number stays in the card vault';

CREATE TABLE core.card_authorizations (
    authorization_id bigint PRIMARY KEY,
    card_id bigint NOT NULL REFERENCES core.cards,
    merchant_id bigint NOT NULL REFERENCES core.merchants,
    amount numeric(18, 2) NOT NULL,
    currency char(3) NOT NULL,
    status text NOT NULL CHECK (status IN ('approved', 'captured', 'declined')),
    authorization_code char(6),
    note text NOT NULL,
    authorized_at timestamptz NOT NULL,
    settlement_date date,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.card_authorizations IS 'Each time one of our cards was presented';
COMMENT ON COLUMN core.card_authorizations.authorization_code IS 'None where it was declined';
COMMENT ON COLUMN core.card_authorizations.note IS 'Free text of the terminal';
COMMENT ON COLUMN core.card_authorizations.settlement_date IS 'The day whose settlement file has it; none where declined';

CREATE TABLE core.payment_instructions (
    instruction_id bigint PRIMARY KEY,
    debtor_account_id bigint NOT NULL REFERENCES core.accounts,
    creditor_account_id bigint REFERENCES core.accounts,
    creditor_name text NOT NULL,
    scheme text NOT NULL CHECK (scheme IN ('internal', 'ach', 'wire')),
    amount numeric(18, 2) NOT NULL,
    currency char(3) NOT NULL,
    trace_number char(15),
    status text NOT NULL CHECK (status IN ('accepted', 'executed')),
    requested_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.payment_instructions IS 'What customers ordered to be paid';
COMMENT ON COLUMN core.payment_instructions.creditor_account_id IS 'None where the creditor banks elsewhere';
COMMENT ON COLUMN core.payment_instructions.creditor_name IS 'PII';
COMMENT ON COLUMN core.payment_instructions.trace_number IS 'NACHA trace number: routing number of ours, then a sequence; only ACH';

CREATE TABLE core.transactions (
    transaction_id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES core.accounts,
    customer_id bigint NOT NULL REFERENCES core.customers,
    merchant_id bigint REFERENCES core.merchants,
    authorization_id bigint REFERENCES core.card_authorizations,
    instruction_id bigint REFERENCES core.payment_instructions,
    kind text NOT NULL,
    category text,
    direction text NOT NULL CHECK (direction IN ('debit', 'credit')),
    amount numeric(18, 2) NOT NULL,
    currency char(3) NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'posted')),
    occurred_at timestamptz NOT NULL,
    booked_on date NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX transactions_updated_at ON core.transactions (updated_at);
COMMENT ON TABLE core.transactions IS 'Movements of customers'' accounts';
COMMENT ON COLUMN core.transactions.category IS 'As it came in: case and spaces vary';
COMMENT ON COLUMN core.transactions.amount IS 'Always positive; direction says whether the account loses or gains it';
COMMENT ON COLUMN core.transactions.occurred_at IS 'When it happened; up to 48 hours before it reached us';
COMMENT ON COLUMN core.transactions.booked_on IS 'The day it reached us, and its day in the ledger';

CREATE TABLE core.transfers (
    transfer_id bigint PRIMARY KEY,
    instruction_id bigint NOT NULL REFERENCES core.payment_instructions,
    debit_transaction_id bigint NOT NULL REFERENCES core.transactions,
    credit_transaction_id bigint NOT NULL REFERENCES core.transactions,
    amount numeric(18, 2) NOT NULL,
    currency char(3) NOT NULL,
    executed_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE core.transfers IS 'Payments between two accounts of ours: two legs of the same amount';

CREATE TABLE core.loans (
    loan_id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES core.customers,
    account_id bigint NOT NULL REFERENCES core.accounts,
    principal numeric(18, 2) NOT NULL,
    currency char(3) NOT NULL,
    annual_rate numeric(9, 6) NOT NULL,
    term_months integer NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'in_arrears', 'repaid')),
    originated_on date NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN core.loans.annual_rate IS 'A share: 0.05 is five percent a year';

CREATE TABLE core.loan_repayments (
    repayment_id bigint PRIMARY KEY,
    loan_id bigint NOT NULL REFERENCES core.loans,
    due_on date NOT NULL,
    principal_part numeric(18, 2) NOT NULL,
    interest_part numeric(18, 2) NOT NULL,
    paid_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

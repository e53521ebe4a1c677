{{ config(tags=['ledger_close_daily']) }}

-- What is booked on an account that the chart does not have is left out: then the sums are not equal, and the
-- close is stopped.
with balances as (
    select * from {{ ref('fct_gl_balance') }}
)

select
    gl_balance_id as trial_balance_id,
    business_date,
    gl_account_id,
    gl_account_name,
    gl_account_kind,
    currency,
    debit as debit_turnover,
    credit as credit_turnover,
    case when closing_balance > 0 then closing_balance else 0 end as debit_balance,
    case when closing_balance < 0 then -closing_balance else 0 end as credit_balance,
    closing_balance as balance,
    loaded_at
from balances

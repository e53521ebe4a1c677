{{ config(tags=['ledger_close_daily'], meta={
    'owner': 'accounting',
    'why': 'Books that do not balance are wrong somewhere: nothing of the day is published.'
}) }}

select
    business_date,
    currency,
    cast(sum(balance) as numeric(18, 2)) as balance
from {{ ref('fct_trial_balance') }}
group by business_date, currency
having
    cast(sum(balance) as numeric(18, 2)) <> 0
    or cast(sum(debit_balance) - sum(credit_balance) as numeric(18, 2)) <> 0

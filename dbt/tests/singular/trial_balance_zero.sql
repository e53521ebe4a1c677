{{ config(tags=['ledger_close_daily'], meta={
    'owner': 'accounting',
    'why': 'Books that do not balance are wrong somewhere: nothing of the day is published.'
}) }}

select
    business_date,
    currency,
    sum(balance) as balance
from {{ ref('fct_trial_balance') }}
group by business_date, currency
having sum(balance) <> 0 or sum(debit_balance) <> sum(credit_balance)

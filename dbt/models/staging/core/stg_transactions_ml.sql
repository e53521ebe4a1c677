{{ config(tags=['ml_feature_pipeline']) }}

-- The same rows as churn models see them: two years up to the newest one, and sound amounts alone. The newest
-- row and not today, so that the same data give the same features whenever they are made.
with transactions as (
    select * from {{ ref('stg_transactions') }}
),

newest as (
    select max(booked_on) as as_of from transactions
)

select
    transactions.transaction_id,
    transactions.customer_id,
    transactions.kind,
    cast(transactions.amount as numeric(10, 2)) as amount,
    transactions.booked_on as transaction_date,
    transactions.category,
    coalesce(cast(transactions.merchant_id as {{ dbt.type_string() }}), 'unknown') as merchant_id,
    newest.as_of,
    transactions.loaded_at
from transactions
cross join newest
where
    transactions.booked_on >= {{ dbt.dateadd('year', -2, 'newest.as_of') }}
    and transactions.amount > 0

{{ config(tags=['ml_feature_pipeline']) }}

select
    customer_id,
    count(*) as total_transactions,
    cast(sum(amount) as numeric(18, 2)) as total_spend,
    cast(avg(amount) as numeric(18, 6)) as avg_transaction_value,
    min(transaction_date) as first_purchase_date,
    max(transaction_date) as last_purchase_date,
    count(distinct category) as distinct_categories,
    cast(coalesce(stddev(amount), 0) as numeric(18, 6)) as spend_volatility,
    count(distinct transaction_date) as purchase_days,
    max(as_of) as as_of,
    max(loaded_at) as loaded_at
from {{ ref('stg_transactions_ml') }}
where kind = 'card_purchase'
group by customer_id

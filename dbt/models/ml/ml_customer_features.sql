{{ config(
    tags=['ml_feature_pipeline'],
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='customer_id',
    on_schema_change='fail',
    post_hook="delete from {{ this }} where customer_id not in (select customer_id from {{ ref('int_customer_purchase_metrics') }})"
) }}

with metrics as (
    select * from {{ ref('int_customer_purchase_metrics') }}
),

customers as (
    select * from {{ ref('dim_customer') }}
),

accounts as (
    select
        primary_customer_id as customer_id,
        min(account_id) as account_id
    from {{ ref('dim_account') }}
    group by primary_customer_id
),

account_types as (
    select
        accounts.customer_id,
        dim_account.product as account_type
    from accounts
    inner join {{ ref('dim_account') }} as dim_account on accounts.account_id = dim_account.account_id
),

engagement as (
    select * from {{ ref('int_customer_engagement') }}
),

scores as (
    select * from {{ ref('int_latest_credit_scores') }}
),

features as (
    select
        metrics.customer_id,
        metrics.as_of,
        metrics.total_transactions,
        metrics.total_spend,
        metrics.avg_transaction_value,
        metrics.distinct_categories,
        metrics.spend_volatility,
        metrics.purchase_days,
        {{ dbt.datediff('metrics.last_purchase_date', 'metrics.as_of', 'day') }} as days_since_last_purchase,
        {{ dbt.datediff('metrics.first_purchase_date', 'metrics.as_of', 'day') }} as customer_tenure_days,
        {{ dbt.datediff('customers.date_of_birth', 'metrics.as_of', 'year') }} as age,
        customers.country as region,
        account_types.account_type,
        coalesce(engagement.sessions_30_days, 0) as sessions_30_days,
        coalesce(engagement.active_days_30_days, 0) as active_days_30_days,
        scores.credit_score,
        greatest(
            metrics.loaded_at,
            customers.loaded_at,
            coalesce(engagement.loaded_at, metrics.loaded_at),
            coalesce(scores.loaded_at, metrics.loaded_at)
        ) as loaded_at
    from metrics
    inner join customers on metrics.customer_id = customers.customer_id
    left join account_types on metrics.customer_id = account_types.customer_id
    left join engagement on metrics.customer_id = engagement.customer_id
    left join scores on metrics.customer_id = scores.customer_id
)

select
    customer_id,
    as_of,
    total_transactions,
    total_spend,
    avg_transaction_value,
    distinct_categories,
    spend_volatility,
    days_since_last_purchase,
    customer_tenure_days,
    purchase_days,
    -- Purchases of one day are one occasion. Who bought for the first time today has no tenure to divide by.
    cast(
        coalesce(round(purchase_days / cast(nullif(customer_tenure_days, 0) as numeric(18, 6)), 6), purchase_days)
        as numeric(18, 6)
    ) as purchase_frequency,
    age,
    region,
    account_type,
    sessions_30_days,
    active_days_30_days,
    credit_score,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }}) as feature_computed_at,
    loaded_at
from features
{% if is_incremental() %}
    -- Of whom something was loaded lately, however old it is; and all of whom the time that has passed is out of
    -- date.
    where
        loaded_at >= {{ lookback_start() }}
        or customer_id not in (
            select customer_id from {{ this }}
            where as_of = (select max(as_of) from features)
        )
{% endif %}

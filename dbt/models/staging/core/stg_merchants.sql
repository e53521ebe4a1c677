{{ config(tags=['dbt_transactions_mart']) }}

select
    merchant_id,
    customer_id,
    settlement_account_id,
    name as merchant_name,
    mcc,
    lower(trim(category)) as merchant_category,
    upper(country) as country,
    currency,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'merchants') }}

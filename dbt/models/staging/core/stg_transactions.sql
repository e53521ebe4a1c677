{{ config(tags=['dbt_transactions_mart']) }}

select
    transaction_id,
    account_id,
    customer_id,
    merchant_id,
    authorization_id,
    instruction_id,
    kind,
    lower(trim(category)) as category,
    direction,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    status as transaction_status,
    occurred_at,
    booked_on,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'transactions') }}

{{ config(tags=['dbt_transactions_mart']) }}

select
    authorization_id,
    card_id,
    merchant_id,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    status as authorization_status,
    authorization_code,
    note,
    authorized_at,
    settlement_date,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'card_authorizations') }}

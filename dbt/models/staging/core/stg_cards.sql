{{ config(tags=['dbt_customer360']) }}

select
    card_id,
    account_id,
    customer_id,
    pan_masked,
    network,
    status as card_status,
    expires_on,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'cards') }}

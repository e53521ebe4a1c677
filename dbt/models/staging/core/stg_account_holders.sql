{{ config(tags=['dbt_customer360']) }}

select
    {{ key(['account_id', 'customer_id']) }} as account_holder_id,
    account_id,
    customer_id,
    role as holder_role,
    held_since,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'account_holders') }}

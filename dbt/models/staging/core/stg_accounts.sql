{{ config(tags=['dbt_customer360']) }}

select
    account_id,
    account_number_masked,
    product,
    currency,
    status as account_status,
    opened_on,
    closed_on,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'accounts') }}

{{ config(tags=['dbt_customer360']) }}

select
    customer_id,
    status as kyc_status,
    level as kyc_level,
    next_review_on,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'kyc_status') }}

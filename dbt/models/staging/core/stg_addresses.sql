{{ config(tags=['dbt_customer360']) }}

select
    address_id,
    customer_id,
    kind as address_kind,
    line1,
    city,
    postal_code,
    upper(country) as country,
    valid_from,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'addresses') }}

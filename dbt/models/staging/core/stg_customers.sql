{{ config(tags=['dbt_customer360']) }}

select
    customer_id,
    customer_type,
    full_name,
    date_of_birth,
    lower(trim(email)) as email,
    phone,
    tax_id_masked,
    upper(country) as country,
    segment,
    risk_rating,
    created_at,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'customers') }}

{{ config(tags=['dbt_customer360']) }}

select
    loan_id,
    customer_id,
    account_id,
    cast(principal as numeric(18, 2)) as principal,
    currency,
    annual_rate,
    term_months,
    status as loan_status,
    originated_on,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'loans') }}

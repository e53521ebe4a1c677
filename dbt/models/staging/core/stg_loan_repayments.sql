{{ config(tags=['dbt_customer360']) }}

select
    repayment_id,
    loan_id,
    due_on,
    cast(principal_part as numeric(18, 2)) as principal_part,
    cast(interest_part as numeric(18, 2)) as interest_part,
    paid_at,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'loan_repayments') }}

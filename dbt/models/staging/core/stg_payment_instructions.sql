{{ config(tags=['dbt_transactions_mart']) }}

select
    instruction_id,
    debtor_account_id,
    creditor_account_id,
    creditor_name,
    scheme,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    trace_number,
    status as instruction_status,
    requested_at,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'payment_instructions') }}

{{ config(tags=['dbt_transactions_mart']) }}

select
    transfer_id,
    instruction_id,
    debit_transaction_id,
    credit_transaction_id,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    executed_at,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_core', 'transfers') }}

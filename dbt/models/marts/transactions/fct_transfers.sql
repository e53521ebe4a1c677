{{ config(
    tags=['dbt_transactions_mart'],
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='transfer_id',
    on_schema_change='fail'
) }}

with fx_rates as (
    select * from {{ ref('int_fx_rates') }}
),

instructions as (
    select * from {{ ref('stg_payment_instructions') }}
),

transfers as (
    select
        *,
        cast(executed_at as date) as executed_on
    from {{ ref('stg_transfers') }}
    {% if is_incremental() %}
        where
            loaded_at >= {{ lookback_start() }}
            or cast(executed_at as date) >= (
                select min(valid_from) from fx_rates
                where loaded_at >= {{ lookback_start() }}
            )
            or instruction_id in (
                select instruction_id from instructions
                where loaded_at >= {{ lookback_start() }}
            )
    {% endif %}
)

select
    transfers.transfer_id,
    transfers.instruction_id,
    transfers.debit_transaction_id,
    transfers.credit_transaction_id,
    -- Of the order, not of the legs: a transfer is told even where a leg is missing.
    instructions.debtor_account_id,
    instructions.creditor_account_id,
    transfers.amount,
    transfers.currency,
    cast(round(transfers.amount / nullif(fx_rates.units_per_usd, 0), 2) as numeric(18, 2)) as amount_usd,
    transfers.executed_at,
    transfers.executed_on,
    transfers.updated_at,
    greatest(
        transfers.loaded_at,
        coalesce(fx_rates.loaded_at, transfers.loaded_at),
        coalesce(instructions.loaded_at, transfers.loaded_at)
    ) as loaded_at
from transfers
left join instructions on transfers.instruction_id = instructions.instruction_id
left join fx_rates
    on
        transfers.currency = fx_rates.currency
        and transfers.executed_on >= fx_rates.valid_from
        and transfers.executed_on < fx_rates.valid_to

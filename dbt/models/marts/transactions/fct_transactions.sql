{{ config(
    tags=['dbt_transactions_mart'],
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='transaction_id',
    on_schema_change='fail'
) }}

with fx_rates as (
    select * from {{ ref('int_fx_rates') }}
),

merchants as (
    select * from {{ ref('stg_merchants') }}
),

authorizations as (
    select * from {{ ref('stg_card_authorizations') }}
),

transactions as (
    select * from {{ ref('stg_transactions') }}
    {% if is_incremental() %}
        -- Those that are new or changed, and those of which something else became known.
        where
            loaded_at >= {{ lookback_start() }}
            or booked_on >= (
                select min(valid_from) from fx_rates
                where loaded_at >= {{ lookback_start() }}
            )
            or merchant_id in (
                select merchant_id from merchants
                where loaded_at >= {{ lookback_start() }}
            )
            or authorization_id in (
                select authorization_id from authorizations
                where loaded_at >= {{ lookback_start() }}
            )
    {% endif %}
)

select
    transactions.transaction_id,
    transactions.account_id,
    transactions.customer_id,
    transactions.merchant_id,
    transactions.authorization_id,
    transactions.instruction_id,
    authorizations.card_id,
    transactions.kind,
    transactions.category,
    merchants.merchant_name,
    merchants.merchant_category,
    transactions.direction,
    transactions.amount,
    transactions.currency,
    case transactions.direction when 'debit' then -transactions.amount else transactions.amount end as signed_amount,
    fx_rates.units_per_usd,
    cast(round(transactions.amount / nullif(fx_rates.units_per_usd, 0), 2) as numeric(18, 2)) as amount_usd,
    transactions.transaction_status,
    transactions.occurred_at,
    transactions.booked_on,
    {{ dbt.datediff('transactions.occurred_at', 'transactions.booked_on', 'day') }} as days_late,
    transactions.updated_at,
    greatest(
        transactions.loaded_at,
        coalesce(fx_rates.loaded_at, transactions.loaded_at),
        coalesce(merchants.loaded_at, transactions.loaded_at),
        coalesce(authorizations.loaded_at, transactions.loaded_at)
    ) as loaded_at
from transactions
left join fx_rates
    on
        transactions.currency = fx_rates.currency
        and transactions.booked_on >= fx_rates.valid_from
        and transactions.booked_on < fx_rates.valid_to
left join merchants on transactions.merchant_id = merchants.merchant_id
left join authorizations on transactions.authorization_id = authorizations.authorization_id

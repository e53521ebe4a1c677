{{ config(tags=['dbt_transactions_mart']) }}

select
    {{ key(['date', 'quote']) }} as fx_rate_id,
    base as base_currency,
    quote as quote_currency,
    date as rate_date,
    rate as units_per_base,
    _ingested_at as loaded_at
from {{ source('raw_market', 'fx_rates') }}

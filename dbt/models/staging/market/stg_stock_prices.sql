{{ config(tags=['stock_pipeline_dag']) }}

select
    {{ key(['symbol', 'date']) }} as symbol_date,
    symbol,
    date as trade_date,
    open_price,
    high,
    low,
    close_price,
    volume,
    _ingested_at as loaded_at
from {{ source('raw_market', 'stock_prices') }}

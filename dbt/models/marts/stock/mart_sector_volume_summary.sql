{{ config(tags=['stock_pipeline_dag']) }}

select
    {{ key(['sector', 'trade_date']) }} as sector_date,
    sector,
    trade_date,
    count(*) as symbol_count,
    cast(sum(volume) as bigint) as total_volume,
    cast(round(avg(daily_return), 6) as numeric(18, 6)) as avg_daily_return,
    max(loaded_at) as loaded_at
from {{ ref('int_stock_prices_enriched') }}
group by sector, trade_date

{{ config(
    tags=['stock_pipeline_dag'],
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='symbol_date',
    on_schema_change='fail'
) }}

with prices as (
    select * from {{ ref('int_stock_prices_enriched') }}
),

{% if is_incremental() %}
    -- From the first day on whose price is new or another one: each later average may rest on it.
    changed as (
        select
            prices.symbol,
            min(prices.trade_date) as since
        from prices
        left join {{ this }} as known on prices.symbol_date = known.symbol_date
        where
            known.symbol_date is null
            or prices.close_price is distinct from known.close_price
            or prices.daily_return is distinct from known.daily_return
            or prices.first_close is distinct from known.first_close
            or prices.company_name is distinct from known.company_name
            or prices.sector is distinct from known.sector
        group by prices.symbol
    ),
{% else %}
    changed as (
        select
            symbol,
            min(trade_date) as since
        from prices
        group by symbol
    ),
{% endif %}

-- The widest window has 20 trading days before its own: 45 days have them, whatever the holidays.
read as (
    select
        prices.*,
        changed.since
    from prices
    inner join changed on prices.symbol = changed.symbol
    where prices.trade_date >= {{ dbt.dateadd('day', -45, 'changed.since') }}
),

averaged as (
    select
        *,
        avg(close_price) over (
            partition by symbol order by trade_date rows between 4 preceding and current row
        ) as sma_5,
        avg(close_price) over (
            partition by symbol order by trade_date rows between 19 preceding and current row
        ) as sma_20,
        stddev(daily_return) over (
            partition by symbol order by trade_date rows between 20 preceding and current row
        ) as volatility_21
    from read
)

select
    symbol_date,
    symbol,
    trade_date,
    company_name,
    sector,
    close_price,
    daily_return,
    first_close,
    cast(round(close_price / nullif(first_close, 0) - 1, 6) as numeric(18, 6)) as cumulative_return,
    -- Six decimals are all that a mean of 20 prices can have: nothing is rounded.
    cast(round(sma_5, 6) as numeric(18, 6)) as sma_5,
    cast(round(sma_20, 6) as numeric(18, 6)) as sma_20,
    cast(round(volatility_21, 6) as numeric(18, 6)) as volatility_21,
    loaded_at
from averaged
where trade_date >= since

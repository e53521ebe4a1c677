{{ config(tags=['stock_pipeline_dag']) }}

with prices as (
    select * from {{ ref('stg_stock_prices') }}
),

companies as (
    select * from {{ ref('stg_company_metadata') }}
),

calendar as (
    select * from {{ ref('stg_dim_date') }}
)

select
    prices.symbol_date,
    prices.symbol,
    prices.trade_date,
    prices.open_price,
    prices.high,
    prices.low,
    prices.close_price,
    prices.volume,
    companies.company_name,
    companies.sector,
    calendar.day,
    calendar.month,
    calendar.year,
    calendar.quarter,
    calendar.day_of_week,
    calendar.week_of_year,
    -- To the close before; null on the first day.
    cast(
        round(
            prices.close_price
            / nullif(lag(prices.close_price) over (partition by prices.symbol order by prices.trade_date), 0)
            - 1,
            6
        ) as numeric(18, 6)
    ) as daily_return,
    first_value(prices.close_price) over (
        partition by prices.symbol
        order by prices.trade_date
        rows between unbounded preceding and current row
    ) as first_close,
    prices.loaded_at
from prices
left join companies on prices.symbol = companies.symbol
left join calendar on prices.trade_date = calendar.date_day

{{ config(tags=['stock_pipeline_dag'], meta={
    'owner': 'market data',
    'why': 'No share costs less than nothing.'
}) }}

select *
from {{ ref('stg_stock_prices') }}
where open_price < 0 or high < 0 or low < 0 or close_price < 0

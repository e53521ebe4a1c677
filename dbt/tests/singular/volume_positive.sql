{{ config(tags=['stock_pipeline_dag'], meta={
    'owner': 'market data',
    'why': 'These shares are traded each day: a day without a trade is a day without data.'
}) }}

select *
from {{ ref('stg_stock_prices') }}
where volume <= 0

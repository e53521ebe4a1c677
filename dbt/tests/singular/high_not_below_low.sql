{{ config(tags=['stock_pipeline_dag'], meta={
    'owner': 'market data',
    'why': 'Columns that are exchanged show here first.'
}) }}

select *
from {{ ref('stg_stock_prices') }}
where high < low

{{ config(tags=['stock_pipeline_dag'], meta={
    'owner': 'market data',
    'why': 'Each close is what the next return is divided by, and the first one what all of them are.'
}) }}

select *
from {{ ref('int_stock_prices_enriched') }}
where first_close is null or first_close = 0 or close_price = 0

{{ config(tags=['stock_pipeline_dag']) }}

select
    symbol,
    company_name,
    initcap(lower(sector)) as sector,
    initcap(lower(industry)) as industry,
    country,
    currency,
    _ingested_at as loaded_at
from {{ source('raw_market', 'dim_metadata') }}

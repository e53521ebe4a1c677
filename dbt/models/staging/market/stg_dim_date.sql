{{ config(tags=['stock_pipeline_dag']) }}

select
    date as date_day,
    day,
    month,
    year,
    quarter,
    day_of_week,
    week_of_year,
    _ingested_at as loaded_at
from {{ source('raw_market', 'dim_date') }}

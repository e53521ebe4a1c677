{{ config(tags=['ml_feature_pipeline']) }}

select
    {{ key(['customer_id', 'report_date']) }} as credit_report_id,
    customer_id,
    bureau,
    score as credit_score,
    report_date,
    _ingested_at as loaded_at
from {{ source('raw_files', 'credit_bureau') }}

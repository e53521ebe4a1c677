{{ config(tags=['ml_feature_pipeline']) }}

select
    event_id,
    event_type,
    customer_id,
    session_id,
    device,
    occurred_at,
    _ingested_at as loaded_at
from {{ source('raw_files', 'clickstream') }}

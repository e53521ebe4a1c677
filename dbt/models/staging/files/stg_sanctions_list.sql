{{ config(tags=['aml_monitoring']) }}

select
    entity_id,
    full_name,
    programme,
    listed_on,
    _ingested_at as loaded_at
from {{ source('raw_files', 'sanctions_list') }}

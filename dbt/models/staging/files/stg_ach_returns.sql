{{ config(tags=['aml_monitoring']) }}

select
    {{ key(['trace_number', 'return_date']) }} as ach_return_id,
    trace_number,
    return_code,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    original_date,
    return_date,
    _ingested_at as loaded_at
from {{ source('raw_files', 'ach_returns') }}

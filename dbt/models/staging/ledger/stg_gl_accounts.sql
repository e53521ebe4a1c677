{{ config(tags=['ledger_close_daily']) }}

select
    gl_account_id,
    name as gl_account_name,
    kind as gl_account_kind,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_ledger', 'gl_accounts') }}

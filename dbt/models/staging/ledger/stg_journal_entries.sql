{{ config(tags=['ledger_close_daily']) }}

select
    entry_id,
    booked_on,
    source as transaction_kind,
    currency,
    posted_at,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_ledger', 'journal_entries') }}

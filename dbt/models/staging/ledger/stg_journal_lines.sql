{{ config(tags=['ledger_close_daily']) }}

select
    {{ key(['entry_id', 'line_number']) }} as journal_line_id,
    entry_id,
    line_number,
    gl_account_id,
    cast(debit as numeric(18, 2)) as debit,
    cast(credit as numeric(18, 2)) as credit,
    updated_at,
    _ingested_at as loaded_at
from {{ source('raw_ledger', 'journal_lines') }}

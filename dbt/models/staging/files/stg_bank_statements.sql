{{ config(tags=['recon_settlement']) }}

select
    {{ key(['account', 'statement_date', 'entry_number']) }} as statement_entry_id,
    account as nostro_account,
    statement_date,
    currency,
    cast(opening_balance as numeric(18, 2)) as opening_balance,
    cast(closing_balance as numeric(18, 2)) as closing_balance,
    entry_number,
    reference,
    lower(split_part(reference, '-', 1)) as entry_kind,
    cast(amount as numeric(18, 2)) as amount,
    _ingested_at as loaded_at
from {{ source('raw_files', 'bank_statements') }}

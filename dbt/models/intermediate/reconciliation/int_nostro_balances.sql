{{ config(tags=['recon_settlement']) }}

select
    {{ key(['nostro_account', 'statement_date', 'currency']) }} as nostro_balance_id,
    nostro_account,
    statement_date,
    currency,
    count(*) as entry_count,
    max(opening_balance) as opening_balance,
    max(closing_balance) as closing_balance,
    cast(sum(amount) as numeric(18, 2)) as moved_amount,
    max(loaded_at) as loaded_at
from {{ ref('stg_bank_statements') }}
group by nostro_account, statement_date, currency

{{ config(
    tags=['ledger_close_daily'],
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='business_date',
    on_schema_change='fail',
    post_hook="{{ delete_vanished_days(ref('stg_journal_entries'), 'booked_on') }}"
) }}

with posted as (
    select
        entries.booked_on as business_date,
        lines.gl_account_id,
        entries.currency,
        lines.debit,
        lines.credit,
        greatest(lines.loaded_at, entries.loaded_at) as loaded_at
    from {{ ref('stg_journal_lines') }} as lines
    inner join {{ ref('stg_journal_entries') }} as entries on lines.entry_id = entries.entry_id
)

select
    {{ key(['business_date', 'gl_account_id', 'currency']) }} as movement_id,
    business_date,
    gl_account_id,
    currency,
    count(*) as line_count,
    cast(sum(debit) as numeric(18, 2)) as debit,
    cast(sum(credit) as numeric(18, 2)) as credit,
    max(loaded_at) as loaded_at
from posted
{% if is_incremental() %}
    where
        business_date in (
            select changed.business_date from posted as changed
            where changed.loaded_at >= {{ lookback_start() }}
            union
            {{ miscounted_days('posted', 'business_date', 'line_count') }}
        )
{% endif %}
group by business_date, gl_account_id, currency

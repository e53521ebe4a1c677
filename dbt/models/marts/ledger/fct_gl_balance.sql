{{ config(tags=['ledger_close_daily']) }}

-- Each account has a row for each day of the ledger since its first movement, moved or not.
with movements as (
    select * from {{ ref('int_gl_daily_movements') }}
),

accounts as (
    select * from {{ ref('stg_gl_accounts') }}
),

days as (
    select distinct business_date from movements
),

used as (
    select
        gl_account_id,
        currency,
        min(business_date) as first_day
    from movements
    group by gl_account_id, currency
),

dense as (
    select
        days.business_date,
        used.gl_account_id,
        used.currency,
        coalesce(movements.debit, 0) as debit,
        coalesce(movements.credit, 0) as credit,
        movements.loaded_at
    from used
    inner join days on used.first_day <= days.business_date
    left join movements
        on
            used.gl_account_id = movements.gl_account_id
            and used.currency = movements.currency
            and days.business_date = movements.business_date
),

running as (
    select
        *,
        sum(debit - credit) over (
            partition by gl_account_id, currency
            order by business_date
            rows between unbounded preceding and current row
        ) as closing_balance,
        max(loaded_at) over (
            partition by gl_account_id, currency
            order by business_date
            rows between unbounded preceding and current row
        ) as last_loaded_at
    from dense
)

select
    {{ key(['running.business_date', 'running.gl_account_id', 'running.currency']) }} as gl_balance_id,
    running.business_date,
    running.gl_account_id,
    accounts.gl_account_name,
    accounts.gl_account_kind,
    running.currency,
    cast(running.closing_balance - running.debit + running.credit as numeric(18, 2)) as opening_balance,
    cast(running.debit as numeric(18, 2)) as debit,
    cast(running.credit as numeric(18, 2)) as credit,
    cast(running.closing_balance as numeric(18, 2)) as closing_balance,
    running.last_loaded_at as loaded_at
from running
inner join accounts on running.gl_account_id = accounts.gl_account_id

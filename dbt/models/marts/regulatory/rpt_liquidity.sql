{{ config(tags=['regulatory_reporting_monthly']) }}

-- The last day of each month that the ledger has, by currency.
with balances as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'business_date') }} as date) as month
    from {{ ref('fct_gl_balance') }}
),

last_days as (
    select
        month,
        max(business_date) as as_of
    from balances
    group by month
),

positions as (
    select
        balances.month,
        last_days.as_of,
        balances.currency,
        sum(case when balances.gl_account_id = 1000 then balances.closing_balance else 0 end) as central_bank_cash,
        sum(case when balances.gl_account_id = 2000 then -balances.closing_balance else 0 end) as customer_deposits,
        sum(
            case when balances.gl_account_id in (2100, 2200, 2300) then -balances.closing_balance else 0 end
        ) as payables,
        max(balances.loaded_at) as loaded_at
    from balances
    inner join last_days on balances.business_date = last_days.as_of
    group by balances.month, last_days.as_of, balances.currency
),

nostro as (
    select
        statement_date,
        currency,
        sum(closing_balance) as nostro_balance
    from {{ ref('int_nostro_balances') }}
    group by statement_date, currency
),

latest_nostro as (
    select
        positions.month,
        positions.currency,
        nostro.nostro_balance,
        row_number() over (
            partition by positions.month, positions.currency order by nostro.statement_date desc
        ) as position
    from positions
    inner join nostro on positions.currency = nostro.currency and positions.as_of >= nostro.statement_date
),

combined as (
    select
        positions.*,
        coalesce(latest_nostro.nostro_balance, 0) as nostro_balance,
        positions.central_bank_cash + coalesce(latest_nostro.nostro_balance, 0) as liquid_assets,
        positions.customer_deposits * {{ var('deposit_run_off') }} + positions.payables as outflow_30_days
    from positions
    left join latest_nostro
        on
            positions.month = latest_nostro.month
            and positions.currency = latest_nostro.currency
            and latest_nostro.position = 1
)

select
    {{ key(['month', 'currency']) }} as liquidity_id,
    month,
    as_of,
    currency,
    cast(central_bank_cash as numeric(18, 2)) as central_bank_cash,
    cast(nostro_balance as numeric(18, 2)) as nostro_balance,
    cast(liquid_assets as numeric(18, 2)) as liquid_assets,
    cast(customer_deposits as numeric(18, 2)) as customer_deposits,
    cast(payables as numeric(18, 2)) as payables,
    cast(outflow_30_days as numeric(18, 2)) as outflow_30_days,
    cast(round(liquid_assets / nullif(outflow_30_days, 0), 4) as numeric(18, 4)) as coverage_ratio,
    loaded_at
from combined

{{ config(tags=['regulatory_reporting_monthly']) }}

with fx_rates as (
    select * from {{ ref('int_fx_rates') }}
),

fees as (
    select
        cast({{ dbt.date_trunc('month', 'booked_on') }} as date) as month,
        sum(amount_usd) as fee_revenue_usd,
        cast(sum(transaction_count) as integer) as fee_count,
        max(loaded_at) as loaded_at
    from {{ ref('agg_daily_volume') }}
    where is_revenue
    group by 1
),

-- What the card schemes leave to us is income of the ledger alone: account 4100.
interchange as (
    select
        cast({{ dbt.date_trunc('month', 'income.business_date') }} as date) as month,
        sum((income.credit_turnover - income.debit_turnover) / nullif(fx_rates.units_per_usd, 0))
            as interchange_revenue_usd,
        max(income.loaded_at) as loaded_at
    from {{ ref('fct_trial_balance') }} as income
    left join fx_rates
        on
            income.currency = fx_rates.currency
            and income.business_date >= fx_rates.valid_from
            and income.business_date < fx_rates.valid_to
    where income.gl_account_id = 4100
    group by 1
),

days as (
    select
        cast({{ dbt.date_trunc('month', 'booked_on') }} as date) as month,
        count(distinct booked_on) as day_count
    from {{ ref('agg_daily_volume') }}
    group by 1
),

months as (
    select
        days.month,
        days.day_count,
        coalesce(fees.fee_count, 0) as fee_count,
        cast(coalesce(fees.fee_revenue_usd, 0) as numeric(18, 2)) as fee_revenue_usd,
        cast(round(coalesce(interchange.interchange_revenue_usd, 0), 2) as numeric(18, 2)) as interchange_revenue_usd,
        greatest(
            coalesce(fees.loaded_at, interchange.loaded_at), coalesce(interchange.loaded_at, fees.loaded_at)
        ) as loaded_at
    from days
    left join fees on days.month = fees.month
    left join interchange on days.month = interchange.month
),

by_day as (
    select
        *,
        cast(fee_revenue_usd + interchange_revenue_usd as numeric(18, 2)) as total_revenue_usd,
        cast(round((fee_revenue_usd + interchange_revenue_usd) / day_count, 2) as numeric(18, 2))
            as revenue_per_day_usd,
        cast(round(fee_revenue_usd / nullif(fee_count, 0), 4) as numeric(18, 4)) as mean_fee_usd
    from months
),

compared as (
    select
        *,
        lag(revenue_per_day_usd) over (order by month) as revenue_per_day_before_usd
    from by_day
)

select
    month,
    day_count,
    fee_count,
    fee_revenue_usd,
    interchange_revenue_usd,
    total_revenue_usd,
    mean_fee_usd,
    revenue_per_day_usd,
    revenue_per_day_before_usd,
    cast(
        round(revenue_per_day_usd / nullif(revenue_per_day_before_usd, 0) - 1, 6) as numeric(18, 6)
    ) as change_share,
    loaded_at
from compared

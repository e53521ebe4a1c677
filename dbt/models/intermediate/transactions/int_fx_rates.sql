{{ config(tags=['dbt_transactions_mart']) }}

-- What a dollar costs, for each day: a rate holds until the next one comes. The first one known also holds for
-- what was before it.
with rates as (
    select
        quote_currency as currency,
        rate_date,
        units_per_base as units_per_usd,
        loaded_at,
        lag(rate_date) over (partition by quote_currency order by rate_date) as earlier_date,
        lead(rate_date) over (partition by quote_currency order by rate_date) as later_date
    from {{ ref('stg_fx_rates') }}
    where base_currency = 'USD'
),

bounded as (
    select
        currency,
        case when earlier_date is null then cast('1900-01-01' as date) else rate_date end as valid_from,
        coalesce(later_date, cast('9999-12-31' as date)) as valid_to,
        cast(units_per_usd as numeric(18, 6)) as units_per_usd,
        loaded_at
    from rates
),

dollar as (
    select
        'USD' as currency,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        cast(1 as numeric(18, 6)) as units_per_usd,
        cast('1970-01-01' as {{ dbt.type_timestamp() }}) as loaded_at
),

unioned as (
    select * from bounded
    union all
    select * from dollar
)

select
    {{ key(['currency', 'valid_from']) }} as fx_rate_key,
    currency,
    valid_from,
    valid_to,
    units_per_usd,
    loaded_at
from unioned

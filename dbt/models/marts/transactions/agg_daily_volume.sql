{{ config(
    tags=['dbt_transactions_mart'],
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='booked_on',
    on_schema_change='fail',
    post_hook="{{ delete_vanished_days(ref('fct_transactions'), 'booked_on', own_day='booked_on') }}"
) }}

-- A day is counted anew as a whole as soon as one of its transactions has changed, come or gone.
with transactions as (
    select * from {{ ref('fct_transactions') }}
    {% if is_incremental() %}
        where
            booked_on in (
                select booked_on from {{ ref('fct_transactions') }}
                where loaded_at >= {{ lookback_start() }}
                union
                {{ miscounted_days(ref('fct_transactions'), 'booked_on', 'transaction_count', own_day='booked_on') }}
            )
    {% endif %}
)

select
    {{ key(['booked_on', 'kind', 'currency']) }} as daily_volume_id,
    booked_on,
    kind,
    currency,
    kind = 'fee' as is_revenue,
    count(*) as transaction_count,
    count(distinct customer_id) as customer_count,
    count(case when days_late > 0 then 1 end) as late_count,
    cast(sum(amount) as numeric(18, 2)) as amount,
    cast(sum(signed_amount) as numeric(18, 2)) as signed_amount,
    cast(sum(amount_usd) as numeric(18, 2)) as amount_usd,
    max(loaded_at) as loaded_at
from transactions
group by booked_on, kind, currency

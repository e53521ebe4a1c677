{{ config(
    tags=['aml_monitoring'],
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='business_date',
    on_schema_change='fail',
    post_hook="{{ delete_vanished_days(ref('fct_transactions'), 'booked_on') }}"
) }}

with transactions as (
    select * from {{ ref('fct_transactions') }}
    {% if is_incremental() %}
        where
            booked_on in (
                select booked_on from {{ ref('fct_transactions') }}
                where loaded_at >= {{ lookback_start() }}
                union
                {{ miscounted_days(ref('fct_transactions'), 'booked_on', 'transaction_count') }}
            )
    {% endif %}
)

select
    {{ key(['customer_id', 'booked_on']) }} as flow_id,
    customer_id,
    booked_on as business_date,
    count(*) as transaction_count,
    cast(sum(amount_usd) as numeric(18, 2)) as moved_usd,
    max(amount_usd) as largest_usd,
    count(
        case when direction = 'credit' and amount_usd < {{ var('aml_large_amount_usd') }} then 1 end
    ) as small_credit_count,
    cast(
        sum(
            case
                when direction = 'credit' and amount_usd < {{ var('aml_large_amount_usd') }} then amount_usd
                else 0
            end
        ) as numeric(18, 2)
    ) as small_credit_usd,
    max(loaded_at) as loaded_at
from transactions
group by customer_id, booked_on

{{ config(
    tags=['aml_monitoring'],
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    full_refresh=false
) }}

-- A record of what was found when. An alert that was raised stays as it was: it is never changed nor made
-- anew, whatever becomes known later.
with sanctions as (
    select
        'sanctions_match' as alert_type,
        'critical' as severity,
        customer_id,
        matched_on as business_date,
        cast(entity_id as {{ dbt.type_string() }}) as reference,
        cast(null as numeric(18, 2)) as amount_usd,
        loaded_at
    from {{ ref('int_sanctions_matches') }}
),

flows as (
    select
        flows.*,
        customers.risk_rating
    from {{ ref('int_customer_daily_flows') }} as flows
    inner join {{ ref('dim_customer') }} as customers on flows.customer_id = customers.customer_id
    {% if is_incremental() %}
        where flows.loaded_at >= {{ lookback_start() }}
    {% endif %}
),

large as (
    select
        'large_amount' as alert_type,
        'high' as severity,
        customer_id,
        business_date,
        flow_id as reference,
        largest_usd as amount_usd,
        loaded_at
    from flows
    where largest_usd >= {{ var('aml_large_amount_usd') }}
),

structured as (
    select
        'structuring' as alert_type,
        'high' as severity,
        customer_id,
        business_date,
        flow_id as reference,
        small_credit_usd as amount_usd,
        loaded_at
    from flows
    where
        small_credit_count >= {{ var('aml_structuring_parts') }}
        and small_credit_usd >= {{ var('aml_large_amount_usd') }}
),

much_for_the_risk as (
    select
        'high_risk_volume' as alert_type,
        'medium' as severity,
        customer_id,
        business_date,
        flow_id as reference,
        moved_usd as amount_usd,
        loaded_at
    from flows
    where risk_rating = 'high' and moved_usd >= {{ var('aml_high_risk_daily_usd') }}
),

returned as (
    select
        'unauthorized_return' as alert_type,
        'low' as severity,
        customer_id,
        return_date as business_date,
        ach_return_id as reference,
        cast(null as numeric(18, 2)) as amount_usd,
        loaded_at
    from {{ ref('int_unauthorized_returns') }}
),

found as (
    select * from sanctions
    union all
    select * from large
    union all
    select * from structured
    union all
    select * from much_for_the_risk
    union all
    select * from returned
),

identified as (
    select
        {{ key(['alert_type', 'customer_id', 'reference']) }} as alert_id,
        *
    from found
)

select
    alert_id,
    alert_type,
    severity,
    customer_id,
    business_date,
    reference,
    amount_usd,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }}) as raised_at,
    loaded_at
from identified
{% if is_incremental() %}
    where alert_id not in (select alert_id from {{ this }})
{% endif %}

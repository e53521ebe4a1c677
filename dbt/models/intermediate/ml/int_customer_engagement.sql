{{ config(tags=['ml_feature_pipeline']) }}

with events as (
    select * from {{ ref('stg_clickstream') }}
),

newest as (
    select max(occurred_at) as as_of from events
)

select
    events.customer_id,
    count(distinct events.session_id) as sessions_30_days,
    count(distinct cast(events.occurred_at as date)) as active_days_30_days,
    max(events.loaded_at) as loaded_at
from events
cross join newest
where events.occurred_at >= {{ dbt.dateadd('day', -30, 'newest.as_of') }}
group by events.customer_id

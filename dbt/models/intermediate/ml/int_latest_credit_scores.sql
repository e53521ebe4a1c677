{{ config(tags=['ml_feature_pipeline']) }}

with ranked as (
    select
        *,
        row_number() over (partition by customer_id order by report_date desc) as position
    from {{ ref('stg_credit_bureau') }}
)

select
    customer_id,
    credit_score,
    report_date,
    loaded_at
from ranked
where position = 1

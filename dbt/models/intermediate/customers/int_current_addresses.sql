{{ config(tags=['dbt_customer360']) }}

with ranked as (
    select
        *,
        row_number() over (partition by customer_id order by valid_from desc, address_id desc) as position
    from {{ ref('stg_addresses') }}
)

select
    customer_id,
    address_kind,
    line1,
    city,
    postal_code,
    country as address_country,
    loaded_at
from ranked
where position = 1

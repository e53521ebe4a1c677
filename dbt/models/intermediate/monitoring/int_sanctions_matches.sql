{{ config(tags=['aml_monitoring']) }}

with listed as (
    select
        entity_id,
        full_name,
        programme,
        listed_on,
        loaded_at,
        {{ comparable_name('full_name') }} as comparable_name
    from {{ ref('stg_sanctions_list') }}
),

customers as (
    select
        customer_id,
        customer_since,
        loaded_at,
        {{ comparable_name('full_name') }} as comparable_name
    from {{ ref('dim_customer') }}
)

select
    {{ key(['customers.customer_id', 'listed.entity_id']) }} as match_id,
    customers.customer_id,
    listed.entity_id,
    listed.full_name as listed_name,
    listed.programme,
    greatest(coalesce(listed.listed_on, customers.customer_since), customers.customer_since) as matched_on,
    greatest(listed.loaded_at, customers.loaded_at) as loaded_at
from customers
inner join listed on customers.comparable_name = listed.comparable_name

{{ config(tags=['dbt_customer360']) }}

with customers as (
    select * from {{ ref('stg_customers') }}
),

checks as (
    select * from {{ ref('stg_kyc_status') }}
),

addresses as (
    select * from {{ ref('int_current_addresses') }}
)

select
    customers.customer_id,
    customers.customer_type,
    customers.full_name,
    customers.date_of_birth,
    customers.email,
    customers.phone,
    customers.tax_id_masked,
    customers.country,
    customers.segment,
    customers.risk_rating,
    checks.kyc_status,
    checks.kyc_level,
    checks.next_review_on as kyc_next_review_on,
    addresses.line1 as address_line1,
    addresses.city,
    addresses.postal_code,
    addresses.address_country,
    cast(customers.created_at as date) as customer_since,
    customers.updated_at,
    greatest(
        customers.loaded_at,
        coalesce(checks.loaded_at, customers.loaded_at),
        coalesce(addresses.loaded_at, customers.loaded_at)
    ) as loaded_at
from customers
left join checks on customers.customer_id = checks.customer_id
left join addresses on customers.customer_id = addresses.customer_id

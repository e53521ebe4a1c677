{{ config(tags=['dbt_customer360']) }}

with repaid as (
    select
        loan_id,
        count(*) as repayment_count,
        sum(principal_part) as principal_repaid,
        sum(interest_part) as interest_paid,
        max(paid_at) as last_paid_at,
        max(loaded_at) as loaded_at
    from {{ ref('stg_loan_repayments') }}
    group by loan_id
)

select
    loans.loan_id,
    loans.customer_id,
    loans.currency,
    loans.loan_status,
    loans.principal,
    coalesce(repaid.repayment_count, 0) as repayment_count,
    cast(coalesce(repaid.principal_repaid, 0) as numeric(18, 2)) as principal_repaid,
    cast(coalesce(repaid.interest_paid, 0) as numeric(18, 2)) as interest_paid,
    cast(loans.principal - coalesce(repaid.principal_repaid, 0) as numeric(18, 2)) as principal_outstanding,
    repaid.last_paid_at,
    greatest(loans.loaded_at, coalesce(repaid.loaded_at, loans.loaded_at)) as loaded_at
from {{ ref('stg_loans') }} as loans
left join repaid on loans.loan_id = repaid.loan_id

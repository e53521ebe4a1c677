{{ config(tags=['dbt_customer360']) }}

with holders as (
    select
        account_id,
        min(case when holder_role = 'primary' then customer_id end) as primary_customer_id,
        count(*) as holder_count,
        max(loaded_at) as loaded_at
    from {{ ref('int_account_holders') }}
    group by account_id
)

select
    accounts.account_id,
    accounts.account_number_masked,
    accounts.product,
    accounts.currency,
    accounts.account_status,
    accounts.account_status <> 'closed' as is_open,
    holders.primary_customer_id,
    coalesce(holders.holder_count, 0) as holder_count,
    accounts.opened_on,
    accounts.closed_on,
    accounts.updated_at,
    greatest(accounts.loaded_at, coalesce(holders.loaded_at, accounts.loaded_at)) as loaded_at
from {{ ref('stg_accounts') }} as accounts
left join holders on accounts.account_id = holders.account_id

{{ config(tags=['dbt_customer360']) }}

select
    holders.account_holder_id,
    holders.account_id,
    holders.customer_id,
    holders.holder_role,
    holders.held_since,
    accounts.product,
    accounts.currency,
    accounts.account_status,
    greatest(holders.loaded_at, coalesce(accounts.loaded_at, holders.loaded_at)) as loaded_at
from {{ ref('stg_account_holders') }} as holders
left join {{ ref('stg_accounts') }} as accounts on holders.account_id = accounts.account_id

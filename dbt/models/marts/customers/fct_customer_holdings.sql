{{ config(tags=['dbt_customer360']) }}

with accounts as (
    select
        customer_id,
        currency,
        count(case when account_status <> 'closed' then 1 end) as open_accounts,
        count(case when product = 'savings' and account_status <> 'closed' then 1 end) as savings_accounts,
        count(case when holder_role = 'joint' then 1 end) as joint_accounts,
        max(loaded_at) as loaded_at
    from {{ ref('int_account_holders') }}
    group by customer_id, currency
),

cards as (
    select
        cards.customer_id,
        accounts.currency,
        count(case when cards.card_status = 'active' then 1 end) as active_cards,
        count(case when cards.card_status = 'blocked' then 1 end) as blocked_cards,
        max(cards.loaded_at) as loaded_at
    from {{ ref('stg_cards') }} as cards
    inner join {{ ref('dim_account') }} as accounts on cards.account_id = accounts.account_id
    group by cards.customer_id, accounts.currency
),

loans as (
    select
        customer_id,
        currency,
        count(case when loan_status <> 'repaid' then 1 end) as open_loans,
        sum(principal) as loan_principal,
        sum(principal_outstanding) as loan_outstanding,
        max(loaded_at) as loaded_at
    from {{ ref('int_loan_balances') }}
    group by customer_id, currency
),

held as (
    select
        customer_id,
        currency
    from accounts
    union
    select
        customer_id,
        currency
    from cards
    union
    select
        customer_id,
        currency
    from loans
)

select
    {{ key(['held.customer_id', 'held.currency']) }} as holding_id,
    held.customer_id,
    held.currency,
    coalesce(accounts.open_accounts, 0) as open_accounts,
    coalesce(accounts.savings_accounts, 0) as savings_accounts,
    coalesce(accounts.joint_accounts, 0) as joint_accounts,
    coalesce(cards.active_cards, 0) as active_cards,
    coalesce(cards.blocked_cards, 0) as blocked_cards,
    coalesce(loans.open_loans, 0) as open_loans,
    cast(coalesce(loans.loan_principal, 0) as numeric(18, 2)) as loan_principal,
    cast(coalesce(loans.loan_outstanding, 0) as numeric(18, 2)) as loan_outstanding,
    greatest(
        coalesce(accounts.loaded_at, cards.loaded_at, loans.loaded_at),
        coalesce(cards.loaded_at, accounts.loaded_at, loans.loaded_at),
        coalesce(loans.loaded_at, accounts.loaded_at, cards.loaded_at)
    ) as loaded_at
from held
left join accounts on held.customer_id = accounts.customer_id and held.currency = accounts.currency
left join cards on held.customer_id = cards.customer_id and held.currency = cards.currency
left join loans on held.customer_id = loans.customer_id and held.currency = loans.currency

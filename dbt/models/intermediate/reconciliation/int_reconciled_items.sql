{{ config(
    tags=['recon_settlement'],
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='business_date',
    on_schema_change='fail'
) }}

with
{% if is_incremental() %}
    compared_sums as (
        select
            business_date,
            comparison,
            sum(expected_amount) as amount
        from {{ this }}
        where comparison in ('settlement_of_purchases', 'payouts_of_sales')
        group by business_date, comparison
    ),

    booked_sums as (
        select
            booked_on,
            case kind when 'card_purchase' then 'settlement_of_purchases' else 'payouts_of_sales' end as comparison,
            sum(amount) as amount
        from {{ ref('fct_transactions') }}
        where kind in ('card_purchase', 'merchant_sale')
        group by booked_on, kind
    ),
{% endif %}

changed_days as (
    {{ changed_days(ref('stg_card_settlement'), 'settlement_date') }}
    union
    {{ changed_days(ref('stg_processor_payouts'), 'payout_date') }}
    union
    {{ changed_days(ref('stg_bank_statements'), 'statement_date') }}
    union
    {{ changed_days(ref('fct_transactions'), 'booked_on') }}
    union
    {{ changed_days(ref('fct_trial_balance'), 'business_date') }}
    {% if is_incremental() %}
        union
        -- A movement that was booked on another day says so of that one alone: here its amount is missing.
        select compared_sums.business_date
        from compared_sums
        left join booked_sums
            on
                compared_sums.business_date = booked_sums.booked_on
                and compared_sums.comparison = booked_sums.comparison
        where compared_sums.amount <> coalesce(booked_sums.amount, 0)
    {% endif %}
),

settled as (
    select
        settlement_date as business_date,
        cast(authorization_id as {{ dbt.type_string() }}) as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('stg_card_settlement') }}
    where settlement_date in (select business_date from changed_days)
    group by settlement_date, authorization_id, currency
),

settled_by_scheme as (
    select
        settlement_date as business_date,
        scheme as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('stg_card_settlement') }}
    where settlement_date in (select business_date from changed_days)
    group by settlement_date, scheme, currency
),

settled_in_all as (
    select
        business_date,
        'card_purchase' as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from settled_by_scheme
    group by business_date, currency
),

bought as (
    select
        booked_on as business_date,
        cast(authorization_id as {{ dbt.type_string() }}) as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('fct_transactions') }}
    where kind = 'card_purchase' and booked_on in (select business_date from changed_days)
    group by booked_on, authorization_id, currency
),

sold as (
    select
        booked_on as business_date,
        cast(merchant_id as {{ dbt.type_string() }}) as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('fct_transactions') }}
    where kind = 'merchant_sale' and booked_on in (select business_date from changed_days)
    group by booked_on, merchant_id, currency
),

payouts as (
    select * from {{ ref('stg_processor_payouts') }}
    where payout_date in (select business_date from changed_days)
),

paid_out_gross as (
    select
        payout_date as business_date,
        cast(merchant_id as {{ dbt.type_string() }}) as reference,
        currency,
        sum(gross) as amount,
        max(loaded_at) as loaded_at
    from payouts
    group by payout_date, merchant_id, currency
),

paid_out_net as (
    select
        payout_date as business_date,
        payout_id as reference,
        currency,
        sum(net) as amount,
        max(loaded_at) as loaded_at
    from payouts
    group by payout_date, payout_id, currency
),

paid_out_in_all as (
    select
        business_date,
        'merchant_sale' as reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from paid_out_gross
    group by business_date, currency
),

statement_entries as (
    select * from {{ ref('stg_bank_statements') }}
    where statement_date in (select business_date from changed_days)
),

-- Settlements leave the account; a payout arrives on it.
stated_settlements as (
    select
        statement_date as business_date,
        entry_kind as reference,
        currency,
        -sum(amount) as amount,
        max(loaded_at) as loaded_at
    from statement_entries
    where entry_kind in ('visa', 'mastercard')
    group by statement_date, entry_kind, currency
),

stated_payouts as (
    select
        statement_date as business_date,
        reference,
        currency,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from statement_entries
    where entry_kind = 'po'
    group by statement_date, reference, currency
),

-- What is owed to the schemes, with what they leave to us: 2100 and 4100.
booked_purchases as (
    select
        business_date,
        'card_purchase' as reference,
        currency,
        sum(credit_turnover - debit_turnover) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('fct_trial_balance') }}
    where gl_account_id in (2100, 4100) and business_date in (select business_date from changed_days)
    group by business_date, currency
),

-- What the payment processor owes us: 1100.
booked_sales as (
    select
        business_date,
        'merchant_sale' as reference,
        currency,
        sum(debit_turnover - credit_turnover) as amount,
        max(loaded_at) as loaded_at
    from {{ ref('fct_trial_balance') }}
    where gl_account_id = 1100 and business_date in (select business_date from changed_days)
    group by business_date, currency
),

items as (
    {{ compared('settlement_of_purchases', expected='bought', found='settled') }}
    union all
    {{ compared('payouts_of_sales', expected='sold', found='paid_out_gross') }}
    union all
    {{ compared('statement_of_settlement', expected='settled_by_scheme', found='stated_settlements') }}
    union all
    {{ compared('statement_of_payouts', expected='paid_out_net', found='stated_payouts') }}
    union all
    {{ compared('ledger_of_settlement', expected='settled_in_all', found='booked_purchases') }}
    union all
    {{ compared('ledger_of_payouts', expected='paid_out_in_all', found='booked_sales') }}
)

select
    {{ key(['comparison', 'business_date', 'reference', 'currency']) }} as item_id,
    comparison,
    business_date,
    reference,
    currency,
    cast(coalesce(expected_amount, 0) as numeric(18, 2)) as expected_amount,
    cast(coalesce(found_amount, 0) as numeric(18, 2)) as found_amount,
    cast(coalesce(found_amount, 0) - coalesce(expected_amount, 0) as numeric(18, 2)) as difference,
    case
        when found_amount is null then 'missing'
        when expected_amount is null then 'unexpected'
        when abs(found_amount - expected_amount) > {{ var('reconciliation_tolerance') }} then 'differs'
        else 'matched'
    end as outcome,
    loaded_at
from items

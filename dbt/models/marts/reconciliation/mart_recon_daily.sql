{{ config(tags=['recon_settlement']) }}

with totals as (
    select
        business_date,
        comparison,
        currency,
        count(*) as item_count,
        count(case when outcome <> 'matched' then 1 end) as break_count,
        sum(expected_amount) as expected_amount,
        sum(found_amount) as found_amount,
        sum(case when outcome = 'matched' then 0 else abs(difference) end) as unmatched_amount,
        sum(greatest(abs(expected_amount), abs(found_amount))) as compared_amount,
        max(loaded_at) as loaded_at
    from {{ ref('int_reconciled_items') }}
    group by business_date, comparison, currency
)

select
    {{ key(['business_date', 'comparison', 'currency']) }} as recon_id,
    business_date,
    comparison,
    currency,
    item_count,
    break_count,
    cast(expected_amount as numeric(18, 2)) as expected_amount,
    cast(found_amount as numeric(18, 2)) as found_amount,
    cast(unmatched_amount as numeric(18, 2)) as unmatched_amount,
    cast(round(unmatched_amount / nullif(compared_amount, 0), 6) as numeric(9, 6)) as unmatched_share,
    loaded_at
from totals

{{ config(tags=['recon_settlement']) }}

select
    item_id as break_id,
    business_date,
    comparison,
    reference,
    currency,
    outcome as break_kind,
    expected_amount,
    found_amount,
    difference,
    loaded_at
from {{ ref('int_reconciled_items') }}
where outcome <> 'matched'

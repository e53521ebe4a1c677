{{ config(tags=['recon_settlement']) }}

select
    authorization_id,
    authorization_code,
    card_number_masked,
    case left(card_number_masked, 1) when '4' then 'visa' when '5' then 'mastercard' else 'unknown' end as scheme,
    merchant_id,
    cast(amount as numeric(18, 2)) as amount,
    currency,
    settlement_date,
    _ingested_at as loaded_at
from {{ source('raw_files', 'card_settlement') }}

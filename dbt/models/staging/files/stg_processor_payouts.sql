{{ config(tags=['recon_settlement']) }}

select
    payout_id,
    payout_date,
    merchant_id,
    currency,
    transactions as sale_count,
    cast(gross as numeric(18, 2)) as gross,
    cast(fee as numeric(18, 2)) as fee,
    cast(net as numeric(18, 2)) as net,
    _ingested_at as loaded_at
from {{ source('raw_files', 'processor_payouts') }}

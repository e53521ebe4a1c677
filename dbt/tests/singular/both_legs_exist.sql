{{ config(tags=['dbt_transactions_mart'], meta={
    'owner': 'core banking',
    'why': 'A transfer with one leg has made money, or lost it.'
}) }}

select transfers.*
from {{ ref('fct_transfers') }} as transfers
left join {{ ref('stg_transactions') }} as debits on transfers.debit_transaction_id = debits.transaction_id
left join {{ ref('stg_transactions') }} as credits on transfers.credit_transaction_id = credits.transaction_id
where
    debits.transaction_id is null
    or credits.transaction_id is null
    or debits.transaction_id = credits.transaction_id

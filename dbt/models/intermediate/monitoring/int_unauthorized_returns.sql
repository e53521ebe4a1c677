{{ config(tags=['aml_monitoring']) }}

-- Payments that came back because nobody had authorised them: NACHA's R07, R10 and R29. Trace numbers are used
-- again, so the day counts too. Somebody is asked for each: where an account has no primary holder, another one.
with holders as (
    select
        account_id,
        min(customer_id) as customer_id
    from {{ ref('int_account_holders') }}
    group by account_id
)

select
    returns.ach_return_id,
    returns.trace_number,
    returns.return_code,
    returns.return_date,
    instructions.instruction_id,
    coalesce(accounts.primary_customer_id, holders.customer_id) as customer_id,
    returns.amount,
    returns.currency,
    greatest(returns.loaded_at, instructions.loaded_at) as loaded_at
from {{ ref('stg_ach_returns') }} as returns
inner join {{ ref('stg_payment_instructions') }} as instructions
    on
        returns.trace_number = instructions.trace_number
        and returns.original_date = cast(instructions.requested_at as date)
inner join {{ ref('dim_account') }} as accounts on instructions.debtor_account_id = accounts.account_id
left join holders on accounts.account_id = holders.account_id
where returns.return_code in ('R07', 'R10', 'R29')

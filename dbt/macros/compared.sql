{# The full outer join of what is expected with what was found: CTEs of business_date, reference, currency,
   amount and loaded_at. Only days that both know: a file that has not come is no break. #}
{% macro compared(comparison, expected, found) -%}
    select
        '{{ comparison }}' as comparison,
        coalesce(e.business_date, f.business_date) as business_date,
        coalesce(e.reference, f.reference) as reference,
        coalesce(e.currency, f.currency) as currency,
        e.amount as expected_amount,
        f.amount as found_amount,
        greatest(coalesce(e.loaded_at, f.loaded_at), coalesce(f.loaded_at, e.loaded_at)) as loaded_at
    from {{ expected }} as e
    full outer join {{ found }} as f
        on e.business_date = f.business_date and e.reference = f.reference and e.currency = f.currency
    where
        coalesce(e.business_date, f.business_date) in (select business_date from {{ expected }})
        and coalesce(e.business_date, f.business_date) in (select business_date from {{ found }})
{%- endmacro %}

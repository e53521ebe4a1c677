{# The days of a relation that an incremental model has to look at again; all of them, where it is made anew. #}
{% macro changed_days(relation, day) -%}
    select {{ day }} as business_date
    from {{ relation }}
    {% if is_incremental() -%}
        where loaded_at >= {{ lookback_start() }}
    {%- endif %}
{%- endmacro %}

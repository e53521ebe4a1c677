{# From when on rows count as new to an incremental model: some days before the newest that it has seen. Loads
   overlap, and one that began first may be visible last. Everything, where it is empty. #}
{% macro lookback_start(column='loaded_at') -%}
    (
        select coalesce(
            {{ dbt.dateadd('day', '-' ~ var('lookback_days'), 'max(' ~ column ~ ')') }},
            cast('1970-01-01' as {{ dbt.type_timestamp() }})
        )
        from {{ this }}
    )
{%- endmacro %}

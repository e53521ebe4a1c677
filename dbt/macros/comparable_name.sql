{# A name as lists are compared: letters and digits alone, in capitals. #}
{% macro comparable_name(column) -%}
    upper(regexp_replace({{ column }}, '[^A-Za-z0-9]', ''{{ ", 'g'" if target.type in ('postgres', 'duckdb') }}))
{%- endmacro %}

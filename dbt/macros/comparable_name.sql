{# A name as lists are compared: without what stands between and beside its letters, in capitals. Letters of any
   alphabet stay: without them, all names of another one would be the same. #}
{% macro comparable_name(column) -%}
    upper(regexp_replace({{ column }}, '[[:space:][:punct:]‘’–—]', ''))
{%- endmacro %}

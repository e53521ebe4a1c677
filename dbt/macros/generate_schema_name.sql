{# Schemas are named as they are configured, the same in every environment: environments are databases.
   Where a prefix is given (CI_PR_12), all of them get it. What is built aside has `_SHADOW` behind it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = env_var('FINEDGE_SCHEMA_PREFIX', '') -%}
    {%- if not custom_schema_name -%}
        {{ target.schema }}
    {%- else -%}
        {{ (prefix ~ '_' if prefix else '') ~ custom_schema_name | trim ~ ('_SHADOW' if is_shadow(custom_schema_name, node) else '') }}
    {%- endif -%}
{%- endmacro %}

{% macro is_shadow(schema, node) -%}
    {%- set built = var('shadow', '') -%}
    {{ return(built != '' and schema | trim == 'MARTS' and built in node.tags) }}
{%- endmacro %}

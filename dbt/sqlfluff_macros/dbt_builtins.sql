{# What dbt gives to models, as far as a linter has to see it. Not in macros/: there dbt would take these for the
   project's own and call them in place of its own, so that no test would run any more. #}
{% macro config() %}{% set unused = kwargs %}{% endmacro %}

{% macro ref(name) %}{{ name }}{% endmacro %}

{% macro source(schema, name) %}{{ schema }}.{{ name }}{% endmacro %}

{# Of an incremental model's two shapes, the one that has more in it. #}
{% macro is_incremental() %}true{% endmacro %}

{% macro var(name, default='') %}1{% endmacro %}

{# Holds where the expression does, or is null. On a column it is what follows the column's name ("> 0"), on a
   model a whole condition. #}
{% test expression_is_true(model, expression, column_name=none) %}
select *
from {{ model }}
where not ({{ column_name ~ ' ' if column_name }}{{ expression }})
{% endtest %}

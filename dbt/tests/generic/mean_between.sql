{# Holds where the mean of the column lies between both values, or there are no rows. #}
{% test mean_between(model, column_name, min_value, max_value) %}
select mean_value
from (select avg({{ column_name }}) as mean_value from {{ model }}) as averaged
where mean_value < {{ min_value }} or mean_value > {{ max_value }}
{% endtest %}

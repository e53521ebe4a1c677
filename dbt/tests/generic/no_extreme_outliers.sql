{# Holds where no value is further from the mean than `z_threshold` standard deviations. With n rows none can
   be further than (n - 1) / sqrt(n): of ten rows even an absurd one is only 2.85 away. #}
{% test no_extreme_outliers(model, column_name, z_threshold=3) %}
with stats as (
    select
        avg({{ column_name }}) as mean_value,
        stddev({{ column_name }}) as deviation
    from {{ model }}
)

select tested.*
from {{ model }} as tested
cross join stats
where abs(tested.{{ column_name }} - stats.mean_value) > {{ z_threshold }} * nullif(stats.deviation, 0)
{% endtest %}

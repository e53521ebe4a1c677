{# For sums of days. A row that moves to another day says so of its new day alone: that the old one has lost it shows
   only in that `{{ this }}` has counted more rows than there are. Its column of the day is `own_day`. #}

{# The days of which it counts, in its column `counted`, other rows than the relation has. #}
{% macro miscounted_days(relation, day, counted, own_day='business_date') -%}
    select coalesce(summed.own_day, present.present_day) as business_date
    from (
        select
            {{ own_day }} as own_day,
            sum({{ counted }}) as row_count
        from {{ this }}
        group by {{ own_day }}
    ) as summed
    full outer join (
        select
            {{ day }} as present_day,
            count(*) as row_count
        from {{ relation }}
        group by {{ day }}
    ) as present on summed.own_day = present.present_day
    where coalesce(summed.row_count, 0) <> coalesce(present.row_count, 0)
{%- endmacro %}

{# Deletes the days that have no rows any more: nothing comes in their place, so that nothing else deletes them. #}
{% macro delete_vanished_days(relation, day, own_day='business_date') -%}
    delete from {{ this }}
    where {{ own_day }} not in (select {{ day }} from {{ relation }})
{%- endmacro %}

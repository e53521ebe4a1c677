{% macro generate_film_ratings() %}
with films_with_ratings as (
    select
        film_id,
        title,
        release_date,
        price,
        rating,
        user_rating,
        case
            when user_rating >= 4.5 then 'Excellent'
            when user_rating >= 4.0 then 'Good'
            when user_rating >= 3.0 then 'Average'
            else 'Poor'
        end as rating_category
    from {{ ref('stg_films') }}
),

films_with_actors as (
    select
        film_actors.film_id,
        string_agg(distinct actors.actor_name, ', ' order by actors.actor_name) as actors
    from {{ ref('stg_film_actors') }} as film_actors
    inner join {{ ref('stg_actors') }} as actors on film_actors.actor_id = actors.actor_id
    group by film_actors.film_id
)

select
    films_with_ratings.*,
    films_with_actors.actors
from films_with_ratings
left join films_with_actors on films_with_ratings.film_id = films_with_actors.film_id
{% endmacro %}

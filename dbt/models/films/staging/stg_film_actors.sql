select
    film_id,
    actor_id
from {{ source('films_raw', 'film_actors') }}

select
    actor_id,
    actor_name
from {{ source('films_raw', 'actors') }}

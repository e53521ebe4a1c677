select
    category_id,
    film_id,
    category_name
from {{ source('films_raw', 'film_category') }}

select
    film_id,
    title,
    release_date,
    price,
    rating,
    user_rating
from {{ source('films_raw', 'films') }}

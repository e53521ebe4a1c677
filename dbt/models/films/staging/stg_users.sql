select
    user_id,
    first_name,
    last_name,
    email,
    date_of_birth
from {{ source('films_raw', 'users') }}

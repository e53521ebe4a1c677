-- dbt runs macros after it has worked out what depends on what, so it needs these hints:
-- depends_on: {{ ref('stg_films') }}
-- depends_on: {{ ref('stg_film_actors') }}
-- depends_on: {{ ref('stg_actors') }}

{{ generate_film_ratings() }}

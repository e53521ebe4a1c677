"""The tables of the films database: what the copy promises to those who read it."""

from lib.postgres_copy import Table

FILMS_TABLES = (
    Table(
        "films",
        {
            "film_id": "integer NOT NULL",
            "title": "text NOT NULL",
            "release_date": "date",
            "price": "numeric(6,2)",
            "rating": "text",
            "user_rating": "numeric(2,1)",
        },
        key=("film_id",),
    ),
    Table("actors", {"actor_id": "integer NOT NULL", "actor_name": "text NOT NULL"}, key=("actor_id",)),
    Table(
        "film_actors",
        {"film_id": "integer NOT NULL", "actor_id": "integer NOT NULL"},
        key=("film_id", "actor_id"),
    ),
    Table(
        "film_category",
        {"category_id": "integer NOT NULL", "film_id": "integer NOT NULL", "category_name": "text NOT NULL"},
        key=("category_id",),
    ),
    Table(
        "users",
        {
            "user_id": "integer NOT NULL",
            "first_name": "text",
            "last_name": "text",
            "email": "text NOT NULL",
            "date_of_birth": "date",
        },
        key=("user_id",),
    ),
)

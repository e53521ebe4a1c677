"""Fills the source database of `films_elt` with the same films, actors and users every time.

Called by the demo and by tests. Makes the databases if they are not there, and never touches the
destination's contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

FILMS, ACTORS, USERS = 120, 60, 40

_SCHEMA = """
CREATE TABLE IF NOT EXISTS films (
    film_id integer PRIMARY KEY, title text NOT NULL, release_date date NOT NULL, price numeric(6,2) NOT NULL,
    rating text NOT NULL, user_rating numeric(2,1) NOT NULL CHECK (user_rating BETWEEN 1 AND 5));
CREATE TABLE IF NOT EXISTS actors (actor_id integer PRIMARY KEY, actor_name text NOT NULL);
CREATE TABLE IF NOT EXISTS film_actors (
    film_id integer REFERENCES films, actor_id integer REFERENCES actors, PRIMARY KEY (film_id, actor_id));
CREATE TABLE IF NOT EXISTS film_category (
    category_id integer PRIMARY KEY, film_id integer NOT NULL REFERENCES films, category_name text NOT NULL);
CREATE TABLE IF NOT EXISTS users (
    user_id integer PRIMARY KEY, first_name text, last_name text, email text NOT NULL UNIQUE,
    date_of_birth date);
TRUNCATE films, actors, film_actors, film_category, users;
"""
_ADJECTIVES = (
    "Silent",
    "Golden",
    "Broken",
    "Last",
    "Hidden",
    "Crimson",
    "Frozen",
    "Distant",
    "Paper",
    "Electric",
)
_NOUNS = ("River", "Promise", "Harbour", "Winter", "Letter", "Garden", "Signal", "Mirror", "Voyage", "Empire",
          "Clock", "Orchard")  # fmt: skip
_FIRST = ("Ada", "Bruno", "Carla", "David", "Elif", "Farah", "Goran", "Hana", "Ivo", "Jana")
_LAST = ("Adler", "Boateng", "Costa", "Duarte", "Eriksen", "Fontaine", "Gupta", "Horvat", "Ito", "Jensen")
_RATINGS = ("G", "PG", "PG-13", "R")
_CATEGORIES = ("Drama", "Comedy", "Thriller", "Documentary", "Science fiction")

Row = tuple[object, ...]


def seed(source_url: str, destination_url: str) -> dict[str, int]:
    """Make both databases and fill the source; rows by table. The URLs name one database each.

    Safe to call again: the rows are the same. Raises psycopg.Error.
    """
    for url in (source_url, destination_url):
        create_database(url)
    tables = rows()
    with psycopg.connect(source_url) as connection, connection.cursor() as cursor:
        cursor.execute(_SCHEMA)
        for name, content in tables.items():
            _insert(cursor, name, content)
    return {name: len(content) for name, content in tables.items()}


def create_database(url: str) -> None:
    """Make the database that a URL names unless it is there, through the server's `postgres`."""
    name = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def rows() -> dict[str, list[Row]]:
    """The rows of every table, in the order in which their references allow."""
    return {
        "films": [_film(number) for number in range(1, FILMS + 1)],
        "actors": [(number, _name(number)) for number in range(1, ACTORS + 1)],
        "film_actors": sorted({pair for film in range(1, FILMS + 1) for pair in _cast(film)}),
        "film_category": [(film, film, _CATEGORIES[film % len(_CATEGORIES)]) for film in range(1, FILMS + 1)],
        "users": [_user(number) for number in range(1, USERS + 1)],
    }


def _insert(cursor: psycopg.Cursor[Row], table: str, content: Sequence[Row]) -> None:
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
        for row in content:
            copy.write_row(row)


def _film(number: int) -> Row:
    title = f"The {_ADJECTIVES[number % len(_ADJECTIVES)]} {_NOUNS[number // len(_ADJECTIVES) % len(_NOUNS)]}"
    released = date(1990, 1, 5) + timedelta(days=97 * number)
    # 1.0 to 5.0 in tenths, so that every category occurs.
    return (
        number,
        title,
        released,
        f"{5 + number % 20}.99",
        _RATINGS[number % 4],
        f"{1 + number * 7 % 41 / 10:.1f}",
    )


def _cast(film: int) -> list[Row]:
    # Each tenth film has no known actor.
    return [] if film % 10 == 0 else [(film, 1 + film * step % ACTORS) for step in (1, 7, 11)]


def _user(number: int) -> Row:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    born = date(1960, 3, 1) + timedelta(days=311 * number)
    return (number, first, last, f"{first}.{last}.{number}@example.com".lower(), born)


def _name(number: int) -> str:
    return (
        f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST) % len(_LAST)]} {'I' * (number % 3 + 1)}"
    )

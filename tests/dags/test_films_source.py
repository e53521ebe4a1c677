"""The source data is the same every time, and sound."""

from __future__ import annotations

from decimal import Decimal

from local.films_source import rows, seed
from tests.dags.conftest import Databases, execute, fetch


def test_the_rows_are_the_same_every_time() -> None:
    assert rows() == rows()


def test_every_kind_of_film_occurs() -> None:
    films = rows()["films"]
    ratings = [Decimal(str(film[5])) for film in films]
    assert len({film[1] for film in films}) == len(films)
    assert (min(ratings), max(ratings)) == (Decimal("1.0"), Decimal("5.0"))
    assert {Decimal("4.5"), Decimal("4.0"), Decimal("3.0")} <= set(ratings)
    with_actors = {pair[0] for pair in rows()["film_actors"]}
    assert {film[0] for film in films} - with_actors, "a film without a known actor shows outer joins"


def test_seeding_again_restores_what_was_changed(databases: Databases) -> None:
    execute(databases.source, "DELETE FROM film_actors", "UPDATE films SET title = 'x'")
    counts = seed(databases.source, databases.destination)
    for name, content in rows().items():
        assert fetch(databases.source, f"SELECT count(*) FROM {name}") == [(len(content),)]
        assert counts[name] == len(content)
    assert fetch(databases.source, "SELECT count(*) FROM films WHERE title = 'x'") == [(0,)]


def test_seeding_leaves_the_destination_alone(databases: Databases) -> None:
    execute(databases.destination, "CREATE TABLE kept AS SELECT 1 AS one")
    seed(databases.source, databases.destination)
    assert databases.ask("SELECT one FROM kept") == [(1,)]

"""The dbt project on a real PostgreSQL: what film_ratings says, and that its tests notice bad data."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from lib.dbt_cli import DbtFailed, DbtProject
from lib.films_tables import FILMS_TABLES
from lib.postgres_copy import replace_tables
from psycopg.conninfo import conninfo_to_dict

from local.films_source import FILMS
from tests.dags.conftest import ROOT, Databases, execute

# Not fast: each call of dbt takes seconds.
pytestmark = pytest.mark.airflow

NODES = ["+film_ratings", "+stg_film_category", "+stg_users"]


@pytest.fixture
def copied(databases: Databases) -> Databases:
    with (
        closing(psycopg2.connect(databases.source)) as source,
        closing(psycopg2.connect(databases.destination)) as destination,
    ):
        replace_tables(source, destination, FILMS_TABLES, "raw")
    return databases


def project(databases: Databases, executable: Path, *, folder: Path = ROOT / "dbt") -> DbtProject:
    place = conninfo_to_dict(databases.destination)
    variables = {
        "FINEDGE_PG_HOST": str(place["host"]),
        "FINEDGE_PG_PORT": str(place["port"]),
        "FINEDGE_PG_USER": str(place["user"]),
        "FINEDGE_PG_DATABASE": str(place["dbname"]),
    }
    return DbtProject(folder, str(executable), variables)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_films_are_rated_and_their_actors_named(copied: Databases, dbt_executable: Path) -> None:
    execute(
        copied.destination,
        "UPDATE raw.films SET user_rating = 4.5 WHERE film_id = 1",
        "UPDATE raw.films SET user_rating = 4.4 WHERE film_id = 2",
        "UPDATE raw.films SET user_rating = 4.0 WHERE film_id = 3",
        "UPDATE raw.films SET user_rating = 3.9 WHERE film_id = 4",
        "UPDATE raw.films SET user_rating = 3.0 WHERE film_id = 5",
        "UPDATE raw.films SET user_rating = 2.9 WHERE film_id = 6",
        "DELETE FROM raw.film_actors WHERE film_id IN (1, 2)",
        "UPDATE raw.actors SET actor_name = 'Zoe' WHERE actor_id = 1",
        "UPDATE raw.actors SET actor_name = 'Abe' WHERE actor_id = 2",
        "INSERT INTO raw.film_actors VALUES (1, 1), (1, 2)",
    )
    before = contents(ROOT / "dbt")
    dbt = project(copied, dbt_executable)
    assert dbt.invoke("run", NODES) == {"success": 6}
    assert dbt.invoke("test", NODES) == {"pass": 26}
    rated = "SELECT film_id, user_rating, rating_category FROM analytics.film_ratings"
    assert copied.ask(f"{rated} WHERE film_id < 7 ORDER BY film_id") == [
        (1, Decimal("4.5"), "Excellent"),
        (2, Decimal("4.4"), "Good"),
        (3, Decimal("4.0"), "Good"),
        (4, Decimal("3.9"), "Average"),
        (5, Decimal("3.0"), "Average"),
        (6, Decimal("2.9"), "Poor"),
    ]
    named = "SELECT actors FROM analytics.film_ratings WHERE film_id IN (1, 2) ORDER BY film_id"
    assert copied.ask(named) == [("Abe, Zoe",), (None,)]
    assert copied.ask("SELECT count(*) FROM analytics.film_ratings") == [(FILMS,)]
    assert contents(ROOT / "dbt") == before, "dbt wrote into its project"


def test_bad_data_fails_the_tests_by_name(copied: Databases, dbt_executable: Path) -> None:
    dbt = project(copied, dbt_executable)
    execute(
        copied.destination,
        "INSERT INTO raw.film_actors VALUES (9999, 1), (1, 9998)",
        "UPDATE raw.films SET user_rating = 5.1 WHERE film_id = 1",
        "UPDATE raw.films SET user_rating = 0.9 WHERE film_id = 2",
    )
    dbt.invoke("run", NODES)
    with pytest.raises(DbtFailed) as failed:
        dbt.invoke("test", NODES)
    message = str(failed.value)
    for name in ("relationships_stg_film_actors_film_id", "actor_exists", "rating_in_range"):
        assert name in message
    assert "Got 2 results" in message

"""Faults in the films: copied as the pipeline copies them, modelled and tested by dbt in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import psycopg2
from lib.dbt.running import run
from lib.dbt.target import Variables
from lib.films_tables import FILMS_TABLES
from lib.postgres_copy import replace_tables

from local.faults.caught import Caught, caught_together
from local.faults.dbt import DBT, failing
from local.faults.world import DAY
from local.films_source import seed
from local.sources.faults.fault import TableFault
from local.sources.faults.films import FILMS_FAULTS

SOURCE, DESTINATION, SCHEMA = "faults_films_source", "faults_films_destination", "raw"
MODELS = ("+film_ratings", "+stg_film_category", "+stg_users")
"""As in the pipeline; a test compares them."""


def catch(server: str, faults: Sequence[TableFault] = FILMS_FAULTS) -> list[Caught]:
    """Plant the faults in a films database of their own, copy it, build the models and test them.

    `server` is the URL of a PostgreSQL server without a database.
    """
    seed(f"{server}/{SOURCE}", f"{server}/{DESTINATION}")
    with psycopg.connect(f"{server}/{SOURCE}") as films:
        for fault in faults:
            fault.plant(films, DAY)
    with (
        closing(psycopg2.connect(f"{server}/{SOURCE}")) as source,
        closing(psycopg2.connect(f"{server}/{DESTINATION}")) as destination,
    ):
        replace_tables(source, destination, FILMS_TABLES, SCHEMA)
    commands = [[command, "--select", *MODELS] for command in ("run", "test")]
    return caught_together(faults, failing(run(commands, _variables(server))), DBT)


def _variables(server: str) -> Variables:
    place = urlsplit(server)
    shaping = {
        "FINEDGE_DBT_TARGET": "films",
        "FINEDGE_PG_DATABASE": DESTINATION,
        "FINEDGE_RAW_SCHEMA": SCHEMA,
    }
    connecting = {
        "FINEDGE_PG_HOST": place.hostname or "",
        "FINEDGE_PG_PORT": str(place.port or 5432),
        "FINEDGE_PG_USER": place.username or "",
        "FINEDGE_PG_PASSWORD": place.password or "",
    }
    return Variables(shaping, connecting)

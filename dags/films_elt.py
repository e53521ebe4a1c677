"""Airflow DAG: the films database, copied from PostgreSQL to PostgreSQL each night and rated by dbt."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import PokeReturnValue, dag, task
from lib.dbt_cli import DbtProject
from lib.films_tables import FILMS_TABLES
from lib.postgres_copy import is_starting, missing_tables, replace_tables

SOURCE, DESTINATION = "films_source", "films_destination"
RAW_SCHEMA = "raw"
DBT_PROJECT = Path(__file__).resolve().parents[1] / "dbt"
# What dbt makes here; the tags tell the reconciler, so that a change of these nodes finds this DAG.
DBT_NODES = ("film_ratings", "stg_film_category", "stg_users")


@dag(
    dag_id="films_elt",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    default_args={
        "owner": "data-engineering",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=20),
    },
    tags=["films", "postgres", *(f"dbt:{node}" for node in DBT_NODES)],
    doc_md=__doc__,
)
def films_elt() -> None:
    @task.sensor(poke_interval=10, timeout=600, mode="reschedule")
    def check_source_db() -> PokeReturnValue:
        """Wait until the source answers a query and has its tables: started is not yet ready."""
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from psycopg2 import OperationalError

        try:
            source = PostgresHook(SOURCE).get_conn()
        except OperationalError as error:
            if not is_starting(error):
                raise
            print(f"The source does not answer yet: {error}")
            return PokeReturnValue(is_done=False)
        try:
            missing = missing_tables(source, (table.name for table in FILMS_TABLES))
        finally:
            source.close()
        print(f"Missing in the source: {', '.join(missing) or 'nothing'}")
        return PokeReturnValue(is_done=not missing)

    @task
    def run_elt_script() -> dict[str, int]:
        """Replace the copies of all tables in one transaction; returns rows by table."""
        from contextlib import closing

        from airflow.providers.postgres.hooks.postgres import PostgresHook

        with (
            closing(PostgresHook(SOURCE).get_conn()) as source,
            closing(PostgresHook(DESTINATION).get_conn()) as destination,
        ):
            return replace_tables(source, destination, FILMS_TABLES, RAW_SCHEMA)

    @task
    def run_dbt_models() -> dict[str, dict[str, int]]:
        """Build film_ratings with dbt and test it; returns how many nodes ended how, by command."""
        from airflow.sdk import Connection, Variable

        place = Connection.get(DESTINATION)
        # Read while running: dbt lives in an environment of its own, whose place is the installation's.
        executable = os.environ.get("FINEDGE_DBT") or Variable.get("FINEDGE_DBT", default="dbt")
        project = DbtProject(
            DBT_PROJECT,
            executable,
            {
                "FINEDGE_PG_HOST": place.host or "",
                "FINEDGE_PG_PORT": str(place.port or 5432),
                "FINEDGE_PG_USER": place.login or "",
                "FINEDGE_PG_PASSWORD": place.password or "",
                "FINEDGE_PG_DATABASE": place.schema or "",
                "FINEDGE_RAW_SCHEMA": RAW_SCHEMA,
            },
        )
        with_ancestors = [f"+{node}" for node in DBT_NODES]
        return {command: project.invoke(command, with_ancestors) for command in ("run", "test")}

    check_source_db() >> run_elt_script() >> run_dbt_models()


films_elt()

"""Airflow DAG: the films database, copied from PostgreSQL to PostgreSQL each night and rated by dbt.

**What**: waits until the source answers and has its tables, replaces the copies of all of them in one
transaction, and has dbt build and test `film_ratings` in the destination. The only pipeline that does not end
in Snowflake.

**When**: 03:00 UTC; has to be done half an hour later. It copies what there is, whatever interval a run is
about.

**Owner**: data-engineering.

**When it fails**: `check_source_db` after ten minutes: the source is down, or lacks the tables that its log
names. `run_elt_script`: `CountsDiffer` means that rows were lost on the way, `NothingThere` that the source
is being filled; nothing was replaced. `run_dbt_models`: the nodes and tests that failed are in the log; the
old ratings stay where a node failed, not where a test did: those look at the new. Any task may be cleared:
tables are replaced, never added to.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import PokeReturnValue, dag, get_current_context, task
from lib.alerts import default_args
from lib.dbt_cli import DbtProject, executable
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
        **default_args("data-engineering", retries=2, retry_delay=timedelta(seconds=30)),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=20),
    },
    tags=[
        "handwritten",
        "domain:films",
        "owner:data-engineering",
        "films",
        "postgres",
        *(f"dbt:{node}" for node in DBT_NODES),
    ],
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
        from lib.connections import postgres

        with postgres(SOURCE) as source, postgres(DESTINATION) as destination:
            return replace_tables(source, destination, FILMS_TABLES, RAW_SCHEMA)

    @task
    def run_dbt_models(copied: dict[str, int]) -> dict[str, dict[str, int]]:
        """Build film_ratings with dbt, test it and record the run; how many nodes ended how, by command."""
        from airflow.sdk import Connection

        place = Connection.get(DESTINATION)
        project = DbtProject(
            DBT_PROJECT,
            executable(),
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
        done = {command: project.invoke(command, with_ancestors) for command in ("run", "test")}
        _record(sum(copied.values()), done["test"])
        return done

    copied = run_elt_script()
    check_source_db() >> copied
    run_dbt_models(copied)


def _record(rows: int, tests: dict[str, int]) -> None:
    """Keep the run in the warehouse with all others, where there is a warehouse: this pipeline needs none."""
    from airflow.exceptions import AirflowNotFoundException
    from lib.connections import warehouse
    from lib.finishing import Counted, finish
    from lib.intervals import interval_of

    context = get_current_context()
    try:
        with warehouse("films_elt.record") as connection:
            finish(connection, context, interval_of(context, "day"), rows, rows, Counted.of_dbt(tests))
    except AirflowNotFoundException:
        print("There is no warehouse here: the run is not recorded")


films_elt()

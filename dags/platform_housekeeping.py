"""Airflow DAG: removes each day what loads that were killed have left in the warehouse.

**What**: a load stages its rows in a table of its own, and drops it when they are published. Those of killed
loads that nobody came back for within a day are dropped here.

**Owner**: data-engineering. **When it fails**: nothing but space is lost; clear it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from lib.alerts import default_args

# And until the next run. Rows keep the moment at which they were staged, and marts look back only so far.
KEPT = timedelta(days=1)


@dag(
    dag_id="platform_housekeeping",
    schedule="45 4 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        **default_args("data-engineering", severity="warn"),
        "execution_timeout": timedelta(minutes=30),
    },
    tags=["operations", "owner:data-engineering"],
    doc_md=__doc__,
)
def platform_housekeeping() -> None:
    @task(multiple_outputs=False)
    def clean() -> list[str]:
        """Drop old staging tables; returns their names."""
        from lib.connections import warehouse
        from lib.warehouse.schemas import SCHEMAS
        from lib.warehouse.staging import clean_staging

        before = datetime.now(UTC) - KEPT
        with warehouse("platform_housekeeping.clean") as connection:
            return [name for schema in SCHEMAS for name in clean_staging(connection, schema, before)]

    clean()


platform_housekeeping()

"""Airflow DAG: every five minutes, tells which runs and tasks have missed the deadline that is promised.

**What**: Airflow 3 has no SLAs. Each promise (`lib.alerts.deadlines`) is compared with the runs that Airflow
has; one that was not kept is told once, as a failure is, and kept in OPS.PIPELINE_EVENT.

**Owner**: data-engineering. **When it fails**: nobody hears of what is late; clear it, it loses nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import dag, get_current_context, task
from lib.alerts import default_args
from lib.alerts.deadlines import declared

# Read while parsing, so that a release in which a promise changes changes this DAG too.
DEADLINES = declared(Path(__file__).parent / "config")


@dag(
    dag_id="platform_deadlines",
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        **default_args("data-engineering", retries=1, retry_delay=timedelta(seconds=30)),
        "execution_timeout": timedelta(minutes=4),
    },
    tags=["operations", "owner:data-engineering"],
    doc_md=__doc__,
)
def platform_deadlines() -> None:
    @task(multiple_outputs=False)
    def watch() -> dict[str, Any]:
        """Tell what is late; returns what the next look has to know."""
        from lib.alerts.notifier import notify
        from lib.alerts.watching import missed, overdue

        one, now = get_current_context()["ti"], datetime.now(UTC)
        # With an index it is the latest value; without, all there are.
        before = one.xcom_pull(task_ids="watch", map_indexes=-1, include_prior_dates=True) or {}
        late, memory = overdue(DEADLINES, one, before, now)
        for event in (*missed(DEADLINES, one, now), *late):
            print(f"{event.title}: {event.message}")
            notify(event)
        return memory

    watch()


platform_deadlines()

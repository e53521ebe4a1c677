"""Airflow DAG: takes as long as it is told to, so that there is a run in flight when one is needed.

Trigger it with `{"seconds": 60}`; with the Variable `slow_report_enough` set to a run's id, that run waits no
longer. Each of its two tasks reports the code that it ran.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from airflow.sdk import Param, Variable, dag, task
from lib.version import LIBRARY_VERSION

VERSION = "1.0.0"
ENOUGH = "slow_report_enough"


@dag(
    dag_id="slow_report",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    params={"seconds": Param(5, type="integer", minimum=0, maximum=3600, description="How long it takes.")},
    tags=["operations"],
    doc_md=__doc__,
)
def slow_report() -> None:
    @task
    def collect(params: dict[str, int] | None = None, run_id: str | None = None) -> dict[str, str]:
        """Wait as long as asked, or until it is enough, then say which code did."""
        seconds = (params or {}).get("seconds", 0)
        print(f"Collecting for {seconds} s with DAG {VERSION} and library {LIBRARY_VERSION}")
        end = time.monotonic() + seconds
        while time.monotonic() < end and Variable.get(ENOUGH, default="") != run_id:
            time.sleep(1)
        return {"dag": VERSION, "library": LIBRARY_VERSION}

    @task
    def summarise(collected: dict[str, str]) -> dict[str, str]:
        """Say which code runs now: within one run it must be the same."""
        found = {"dag": VERSION, "library": LIBRARY_VERSION}
        print(f"Summarising with {found}; collected with {collected}")
        return found

    summarise(collect())


slow_report()

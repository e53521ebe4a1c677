"""Calls a checkpoint as a task does, with Airflow's own interpreter: `task.py DAGS FOLDER SUITE...`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, sys.argv[1])

from airflow.exceptions import AirflowFailException
from lib.intervals import Interval
from lib.quality import suites
from lib.quality.tasks import checked, checkpoint

if __name__ == "__main__":
    suites.FOLDER = Path(sys.argv[2])
    values = {"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-03T00:00:00+00:00"}
    ti = SimpleNamespace(
        dag_id="tested", task_id="check", run_id="manual", try_number=1, log_url="http://log.example"
    )
    context = {"ti": ti, "task": SimpleNamespace(owner="tests")}
    for suite in sys.argv[3:]:
        try:
            outcome = checked(suite, Interval.read(values).batch("tested"), {}, context)
            print(f"{suite}: {outcome.passed} {outcome.warned} {outcome.failed}")
        except AirflowFailException as failed:
            print(f"failed {failed}")

    from airflow.sdk import DAG

    with DAG("example"):
        told = checkpoint("postflight_x.json", "day")
    print(f"task {told.operator.task_id}")

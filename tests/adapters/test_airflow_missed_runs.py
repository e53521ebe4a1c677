"""A real Airflow, un-paused after a pause of ours, has every run that was due, each once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from local.airflow import Airflow as RealAirflow
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.errors import Terminal
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import Unpause
from reconciler.model.state import EnvironmentState, Fence
from reconciler.targets.airflow_fence import AirflowFence
from reconciler.targets.lease_guard import LeaseGuard
from tests.adapters.real_airflow import ask, place, until

pytestmark = pytest.mark.airflow

EVERY = 5
SIMPLE, SINGLE, PAST, NEVER = "often", "often_single", "often_past", "often_never"
SOURCE = f"""
import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.timetables.interval import CronDataIntervalTimetable

OFTEN = "* * * * * */{EVERY}"
for dag_id, schedule, at_once, past in (
    ("{SIMPLE}", OFTEN, 16, False),
    ("{SINGLE}", CronDataIntervalTimetable(OFTEN, "UTC"), 1, False),
    ("{PAST}", datetime.timedelta(seconds={EVERY}), 16, True),
    ("{NEVER}", None, 16, False),
):
    with DAG(dag_id, schedule=schedule, start_date=datetime.datetime(2026, 1, 1), catchup=False,
             is_paused_upon_creation=False, max_active_runs=at_once) as dag:
        EmptyOperator(task_id="one", depends_on_past=past)
    globals()[dag_id] = dag
"""


def runs(real: RealAirflow, dag_id: str) -> list[dict[str, str]]:
    return list(ask(real, "GET", f"/dags/{dag_id}/dagRuns?limit=100&order_by=-logical_date")["dag_runs"])


def dates(real: RealAirflow, dag_id: str) -> list[datetime]:
    return [datetime.fromisoformat(run["logical_date"]) for run in runs(real, dag_id)]


@pytest.mark.long
def test_no_run_is_lost_and_none_is_there_twice(airflow_server: RealAirflow) -> None:
    airflow = AirflowClient(HttpTransport(airflow_server.url), SystemClock())
    names = (SIMPLE, SINGLE, PAST)
    file = place(airflow_server, "due_often.py", SOURCE, *names, NEVER)
    until(lambda: all(len(runs(airflow_server, name)) > 1 for name in names))
    opened, dags = _told_of_next(airflow, names)
    fences = {
        name: Fence(
            opened_at=opened,
            ours=True,
            next_run_at=dag.next_run_at,
            next_logical_date=dag.next_logical_date,
        )
        for name, dag in dags.items()
    }
    for name in names:
        airflow.set_paused(name, True)
    # Airflow moves on when it parses the file, which it does every few seconds.
    time.sleep(8 * EVERY)
    before = {name: max(dates(airflow_server, name)) for name in names}
    until(lambda: all(_moved_on(airflow, name, before[name], 4) for name in names))

    step = Unpause(dag_ids=names, not_before=opened, margin_seconds=1)
    guard = LeaseGuard(SystemClock(), opened + timedelta(hours=1))
    state = EnvironmentState(environment="dev", fences=fences)
    result = AirflowFence(airflow, SystemClock(), guard).perform(step, state)
    assert result.unfenced == set(names)
    assert (result.troubles, result.error) == ((), None)
    assert all(sum(line.startswith(f"{name}: ") for line in result.created) >= 4 for name in names)

    later = datetime.now(UTC) + timedelta(seconds=6 * EVERY)
    until(lambda: all(max(dates(airflow_server, name)) > later for name in names))
    for name in names:
        airflow.set_paused(name, True)
        found = [date for date in sorted(dates(airflow_server, name)) if date >= before[name]]
        assert len(set(found)) == len(found)
        steps = {after - one for one, after in pairwise(found)}
        if name == PAST:  # its next run is so long after the one before, not at fixed times
            assert max(steps) < timedelta(seconds=2 * EVERY)
        else:
            assert steps == {timedelta(seconds=EVERY)}, (name, found)
        told = airflow.clock_runs([name], found[0], datetime.now(UTC))
        assert {run.run_type for run in told} == {"scheduled", "backfill"}
        # What was made up is due when it would have been, like what the scheduler made.
        ends = timedelta(seconds=EVERY) if name == SINGLE else timedelta()
        assert {date + ends for date in found} <= {run.due_at for run in told}
    with pytest.raises(Terminal, match="schedule"):
        airflow.create_missing(NEVER, opened, later, 50)
    file.unlink()


def _told_of_next(airflow: AirflowClient, names: tuple[str, ...]) -> tuple[datetime, dict[str, AirflowDag]]:
    """When it was asked, and the DAGs; while its one run is in flight a DAG does not tell of the next."""
    asked: list[tuple[datetime, dict[str, AirflowDag]]] = []

    def all_tell() -> bool:
        asked.append((datetime.now(UTC), dict(airflow.dags(names))))
        return all(dag.next_run_at for dag in asked[-1][1].values())

    until(all_tell)
    return asked[-1]


def _moved_on(airflow: AirflowClient, dag_id: str, last: datetime, runs_left_out: int) -> bool:
    following = airflow.dags([dag_id])[dag_id].next_logical_date
    return following is not None and following > last + runs_left_out * timedelta(seconds=EVERY)

"""Which scheduled runs Airflow leaves out because their DAG was paused by us.

Called by whoever opens a fence again. Without catchup, Airflow 3 only starts the newest of the runs that were
due while a DAG was paused (`next_dagrun_info` in `airflow/timetables`); the others would be lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.timetable import timetable
from reconciler.model.observation import DueRun
from reconciler.model.state import Fence

MISSED_RUN = "reconciler_missed__"
"""How the ids of runs begin that we create for those that Airflow left out."""

MOST = 50
"""Runs of one DAG that are created by themselves; for more a person has to decide."""

_UNTIL_STARTED = timedelta(minutes=3)
"""A run that was due so long before the pause and was not started yet, Airflow had not come to."""


def left_out(fence: Fence, now: datetime) -> tuple[DueRun, ...]:
    """The runs due since a DAG was fenced that Airflow will not start when it is un-paused now, in order.

    Empty where they cannot be told in advance.
    """
    known = timetable(fence.calendar)
    if known is None or known.catchup:
        return ()
    since = fence.opened_at
    if fence.next_run_at is not None:
        since = min(since, max(fence.next_run_at - timedelta.resolution, since - _UNTIL_STARTED))
    return tuple(known.due(since, now))[:-1]


def run_id(run: DueRun) -> str:
    """The id of the run that is created for one that was left out: always the same, so that it is once."""
    return f"{MISSED_RUN}{run.at:%Y-%m-%dT%H:%M:%S}"

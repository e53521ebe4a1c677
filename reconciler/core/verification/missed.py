"""The runs that timetables promised a while ago and that do not exist, or have not begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.seen import MissedRun
from reconciler.model.state import EnvironmentState


def missed_runs(
    state: EnvironmentState,  # noqa: ARG001
    calendars: Mapping[str, Mapping[str, str]],  # noqa: ARG001
    runs: Sequence[DagRun],  # noqa: ARG001
    dags: Mapping[str, AirflowDag],  # noqa: ARG001
    since: datetime,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> tuple[MissedRun, ...]:
    """The runs due from ``since`` (UTC) on that are missing ``now``.

    ``calendars``: of each live DAG, as sealed in the release that it is on (``ReleaseManifest.dags[id]
    .calendar``). ``runs``: what ``Airflow.clock_runs`` and ``Airflow.runs_between`` have of that time, put
    together; the same run twice does not matter. ``dags``: as Airflow knows them.
    """
    return ()

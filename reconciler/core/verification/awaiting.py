"""Which changed DAGs have not proven themselves yet, and how long a release waits for each.

Told by the calendar that was sealed with the release. Airflow's own next run is no sign: it has none while a
DAG has as many runs in flight as it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from reconciler.core.timetable import is_started, timetable
from reconciler.core.verification.scene import Scene
from reconciler.model.watch import Watch

DUE_WITHIN = timedelta(days=4)
"""A first run that is due so soon after the flip is waited for, however short the bake is: so is Monday's
run of what changed on a Friday. Of one that is due later, after a week or a month, only Verified waits.
"""

_LATE = timedelta(hours=1)
"""So late may a run that is due begin."""


def awaited(scene: Scene, watch: Watch) -> Sequence[str]:
    """The changed DAGs that have not run often enough, and are still waited for."""
    least = scene.health.bake.runs
    return [
        dag_id for dag_id in scene.touched if watch.ran.get(dag_id, 0) < least and _is_awaited(scene, dag_id)
    ]


def _is_awaited(scene: Scene, dag_id: str) -> bool:
    """One that ran, and failed as it did not before, has to run well. Nothing else is awaited of one that is
    paused, or that neither the clock nor assets start and that does not run now; of others for so long, and
    so long from when they begin to run.
    """
    if _failed(scene, dag_id):
        return True
    dag = (scene.evidence.dags or {}).get(dag_id)
    if dag is not None and dag.paused:
        return False
    longest = timedelta(hours=scene.health.bake.longest_hours)
    running = scene.in_flight_since(dag_id)
    if any(run.started_at is not None and scene.at <= run.started_at + longest for run in running):
        return True
    calendar = scene.evidence.calendars.get(dag_id, {})
    if not is_started(calendar, new=dag_id in scene.watch.added):
        return False
    return scene.at <= max(scene.touched[dag_id] + longest, _first_is_over(scene, dag_id))


def _first_is_over(scene: Scene, dag_id: str) -> datetime:
    """When the first run that the clock starts since the flip has most likely ended, if it is due soon."""
    flipped, known = scene.touched[dag_id], timetable(scene.evidence.calendars.get(dag_id, {}))
    due = next(known.due(flipped, flipped + DUE_WITHIN), None) if known is not None else None
    if due is None:
        return flipped
    took = [run.seconds for run in scene.runs_before(dag_id) if run.state == "success"]
    return due + _LATE + timedelta(seconds=median(took) if took else 0)


def _failed(scene: Scene, dag_id: str) -> bool:
    """Did its newest run since the change fail, and not the last one before?"""
    before, since = scene.runs_before(dag_id), scene.runs_since(dag_id)
    return bool(since) and since[-1].state == "failed" and not (before and before[-1].state == "failed")

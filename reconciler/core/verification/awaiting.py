"""Which changed DAGs have not proven themselves yet, and how long a release waits for each.

Told by the calendar that was sealed with the release. Airflow's own next run is no sign: it has none while a
DAG has as many runs in flight as it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from reconciler.core.timetable import is_started
from reconciler.core.verification.scene import Scene
from reconciler.model.watch import Watch


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
    return scene.at <= scene.touched[dag_id] + longest


def _failed(scene: Scene, dag_id: str) -> bool:
    """Did its newest run since the change fail, and not the last one before?"""
    before, since = scene.runs_before(dag_id), scene.runs_since(dag_id)
    return bool(since) and since[-1].state == "failed" and not (before and before[-1].state == "failed")

"""May a release have caused what is wrong with Airflow as a whole, or with DAGs that it did not change?

Only what began soon after it wrote something: a scheduler that falls silent hours later, as in MWAA's
maintenance, or a DAG that somebody deletes, is told of, and nothing is taken back for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.core.pointer_file import SUPPORT_KEYS
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName

CAUSED = timedelta(minutes=15)
"""What begins so long after Airflow has parsed a flip, or sooner, the flip may have caused."""

_BEAT = timedelta(minutes=1)
"""The last sign of life of what dies is this much older at most."""


def may_have_caused(scene: Scene, began: datetime) -> bool:
    """May what began at a time be the doing of the release, or of what it leaves as it is unproven?"""
    return any(
        first <= began <= last + scene.grace + CAUSED for first, last in (*_flips(scene), *_support(scene))
    )


def died_of_it(scene: Scene, last: datetime) -> bool:
    """May the release have killed what gave its last sign of life at a time?"""
    return may_have_caused(scene, min(last + _BEAT, scene.at))


def is_dark(scene: Scene) -> bool:
    """Is Airflow itself not well, by no doing of the release? Then its DAGs cannot be either."""
    beats = scene.evidence.heartbeats
    if beats is None:
        return False
    parts = ((SignalName.SCHEDULER, beats.scheduler), (SignalName.DAG_PROCESSOR, beats.dag_processor))
    return any(
        last is not None
        and (scene.at - last).total_seconds() > scene.spec(name).limit
        and not died_of_it(scene, last)
        for name, last in parts
    )


def _flips(scene: Scene) -> Iterator[tuple[datetime, datetime]]:
    """When each changed DAG's pointer was written, and from when on its runs use it."""
    for dag_id, since in scene.touched.items():
        yield min(since, scene.state.live[dag_id].flipped_at), since


def _support(scene: Scene) -> Iterator[tuple[datetime, datetime]]:
    """When the release wrote what every DAG is loaded by."""
    for key in SUPPORT_KEYS:
        file = scene.state.files.get(key)
        if file is not None and file.written_at >= scene.watch.begun_at:
            yield file.written_at, file.written_at

"""Keeps the DAG folder small: which pointers move off old releases, and which archives may go then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.core.diff import releases_in_force
from reconciler.core.planner import BATCH, Scene, flip_batch, to_goal, trimmed
from reconciler.core.pointer_file import pointer_key, release_key
from reconciler.model.plan import DeleteReleases, Flip, PutRelease, Step
from reconciler.model.state import EnvironmentState, LiveDag

KEPT = 20
"""Releases that stay in the DAG folder, ready to go back to: a week of them, at FinEdge's pace."""

WARM = 3
"""Stable releases that stay there however old they are: to go back to them, pointers are enough."""

_FOLDER = release_key("").rpartition("/")[0]


def outdated(state: EnvironmentState, goal_release: str) -> tuple[str, ...]:
    """The DAGs whose history still names a release beyond those that are kept."""
    recent = _recent(state) | {goal_release}
    return tuple(
        dag_id
        for dag_id, live in sorted(state.live.items())
        if any(entry.release not in recent for entry in live.pointer.history)
    )


def tidying(scene: Scene) -> tuple[Step, ...]:
    """What to do, when all else is done, so that no more releases lie in the DAG folder than are kept.

    First DAGs are moved off old releases: to the goal's, in which they are the same. Archives that no
    pointer names are deleted only when every container has copied the pointers that said so.
    """
    state, goal = scene.state, scene.goal
    flips = tuple(_moves(scene))[:BATCH]
    if flips:
        key = release_key(goal.release.id)
        needed = any(flip.new for flip in flips) and key not in state.files
        put = (PutRelease(release=goal.release.id, key=key),) if needed else ()
        return (*put, flip_batch(goal, flips))
    in_force = set(map(release_key, {*releases_in_force(state), goal.release.id, *_recent(state)}))
    unused = tuple(sorted(key for key in state.files if key.startswith(_FOLDER) and key not in in_force))
    return (DeleteReleases(keys=unused),) if unused and _copied(scene) else ()


def _moves(scene: Scene) -> Iterator[Flip]:
    state, goal = scene.state, scene.goal
    recent = _recent(state)
    for dag_id in outdated(state, goal.release.id):
        live = state.live[dag_id]
        if dag_id in state.fences or dag_id in goal.pinned or not _same(scene, dag_id, live):
            continue
        kept = live.pointer.release in recent
        flip = trimmed(scene, live) if kept else to_goal(scene, dag_id)
        if flip.pointer.history != live.pointer.history:
            yield flip


def _same(scene: Scene, dag_id: str, live: LiveDag) -> bool:
    sealed = scene.goal.release.dags.get(dag_id)
    return sealed is not None and sealed.fingerprint == live.fingerprint


def _recent(state: EnvironmentState) -> frozenset[str]:
    """The releases whose archives were written last, and those that an alarm may go back to."""
    written = {key: file.written_at for key, file in state.files.items() if key.startswith(_FOLDER)}
    newest = sorted(written, key=lambda key: written[key], reverse=True)[:KEPT]
    stable = (one.release for one in state.stable[:WARM])
    written_last = (key.removeprefix(f"{_FOLDER}/").removesuffix(".tar.gz") for key in newest)
    return frozenset((*written_last, *stable))


def _copied(scene: Scene) -> bool:
    """Has every container had the time to copy each pointer as it is now?"""
    files, seconds = scene.state.files, scene.goal.flip_seconds
    written = [files[key].written_at for key in map(pointer_key, scene.state.live) if key in files]
    return all(at + timedelta(seconds=seconds) <= scene.now for at in written)

"""The life of a watch: a release is begun, its DAGs are flipped one by one, it is live as a whole."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.health import SignalName
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.watch import Judgement, Watch


def begun(
    state: EnvironmentState, release: ReleaseId, revision: str, attempt: int, now: datetime
) -> EnvironmentState:
    """A release is begun: from now on it is watched, unless it is already. ``rollback.begun`` comes first.

    What a release before it changed, and that has not proven itself, is proven together with it; what is
    gone back to is proven by itself.
    """
    before = state.watch
    if before is not None and before.release == release:
        return state
    rollback = state.going_back or any(one.release == release for one in state.stable)
    watch = Watch(
        release=release,
        revision=revision,
        attempt=attempt,
        of=_ran_before(state, release),
        rollback=rollback,
        begun_at=now,
        errors_before=state.import_errors,
        known=_known(before),
    )
    if before is not None and not rollback:
        watch = watch.model_copy(update=_unproven(before))
    return state.model_copy(update={"watch": watch})


def flipped(watch: Watch | None, before: LiveDag | None, now: LiveDag) -> Watch | None:
    """A DAG's pointer was written. What runs the same code as before is not touched by it.

    A DAG that is put back on the release it came from is not changed by the one that is watched any more.
    """
    if watch is None or (before is not None and before.fingerprint == now.fingerprint):
        return watch
    dag_id = now.pointer.dag_id
    if now.pointer.release != watch.release:
        return _without(watch, dag_id)
    since = max(now.flipped_at, now.pointer.history[0].since)
    anew = _without(watch, dag_id)
    update = {
        "touched": {**watch.touched, dag_id: since},
        "added": watch.added | {dag_id} if now.added else watch.added,
        "removed": watch.removed - {dag_id},
    }
    return anew.model_copy(update=update)


def removed(watch: Watch | None, dag_id: str) -> Watch | None:
    """A DAG's pointer was deleted."""
    if watch is None:
        return None
    gone = _without(watch, dag_id)
    return gone.model_copy(update={"removed": watch.removed | {dag_id}})


def arrived(state: EnvironmentState, release: ReleaseId, now: datetime) -> EnvironmentState:
    """The release is live as a whole: from now on its minutes count."""
    watch = state.watch
    if watch is None or watch.release != release or watch.live_at is not None:
        return state
    return state.model_copy(update={"watch": watch.model_copy(update={"live_at": now})})


def _ran_before(state: EnvironmentState, release: ReleaseId) -> ReleaseId | None:
    applied = state.applied.release if state.applied is not None else None
    return applied if applied != release else None


def _known(before: Watch | None) -> dict[SignalName, frozenset[str]]:
    """What was wrong already: with a release that counts as good it is not of the next one."""
    if before is None:
        return {}
    if before.stable_at is None:
        return before.known
    return before.known | {
        name: before.known.get(name, frozenset()).union(tally.last.dags)
        for name, tally in before.tallies.items()
        if tally.last is not None and tally.last.outcome is Judgement.FAILED
    }


def _unproven(before: Watch) -> dict[str, object]:
    """What goes on with the next release: all of one that is not Stable, else what has never run."""
    touched = {
        dag_id: at
        for dag_id, at in before.touched.items()
        if before.stable_at is None or not before.ran.get(dag_id)
    }
    return {
        "touched": touched,
        "added": before.added.intersection(touched),
        "ran": {dag_id: ran for dag_id, ran in before.ran.items() if dag_id in touched},
        "second_tries": {dag_id: one for dag_id, one in before.second_tries.items() if dag_id in touched},
    }


def _without(watch: Watch, dag_id: str) -> Watch:
    update = {
        "touched": {dag: at for dag, at in watch.touched.items() if dag != dag_id},
        "added": watch.added - {dag_id},
        "ran": {dag: ran for dag, ran in watch.ran.items() if dag != dag_id},
        "second_tries": {dag: one for dag, one in watch.second_tries.items() if dag != dag_id},
    }
    return watch.model_copy(update=update)

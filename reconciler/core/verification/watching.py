"""The life of a watch: a release is begun, its DAGs are flipped one by one, it is live as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from reconciler.core.verification.measuring import MORE
from reconciler.model.health import SignalName
from reconciler.model.release import DagId, Fingerprint, ReleaseId
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.watch import Judgement, Tally, Watch

V = TypeVar("V")


def begun(
    state: EnvironmentState,
    release: ReleaseId,
    revision: str,
    attempt: int,
    code: Mapping[DagId, Fingerprint],
    now: datetime,
) -> EnvironmentState:
    """A release is begun: from now on it is watched, unless it is already. ``rollback.begun`` comes first.

    ``code``: what each DAG runs with it, once it is live. What a release before it changed, and that has not
    proven itself, is proven together with it where it stays as it is; what it changes anew it answers for
    from its own flip on. What is gone back to is proven by itself.
    """
    before = state.watch
    if before is not None and before.release == release:
        return state.model_copy(update={"watch": _sorted(before, state, code)})
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
        lost=before.lost if before is not None else {},
    )
    if before is not None and not rollback:
        watch = _sorted(watch.model_copy(update=_unproven(before)), state, code)
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
        "tallies": _anew(watch.tallies, dag_id),
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
        name: before.known.get(name, frozenset()).union(tally.last.things or tally.last.dags) - {MORE}
        for name, tally in before.tallies.items()
        if tally.last is not None and tally.last.outcome is Judgement.FAILED
    }


def _unproven(before: Watch) -> dict[str, object]:
    """What goes on with the next release: all of one that is not Stable, else what has never run."""
    touched = {
        dag_id: at
        for dag_id, at in {**before.leaving, **before.touched}.items()
        if before.stable_at is None or not before.ran.get(dag_id)
    }
    return {
        "touched": touched,
        "added": before.added.intersection(touched),
        "ran": {dag_id: ran for dag_id, ran in before.ran.items() if dag_id in touched},
        "second_tries": {dag_id: one for dag_id, one in before.second_tries.items() if dag_id in touched},
    }


def _sorted(watch: Watch, state: EnvironmentState, code: Mapping[DagId, Fingerprint]) -> Watch:
    """Tell what the release leaves as it is from what it changes anew, and has not flipped yet.

    What it flipped itself, and what it means to leave, it answers for.
    """
    all_of = {**watch.leaving, **watch.touched}
    leaving = {
        dag_id: at
        for dag_id, at in all_of.items()
        if (live := state.live.get(dag_id)) is not None
        and live.pointer.release != watch.release
        and live.fingerprint != code.get(dag_id)
    }
    touched = {dag_id: at for dag_id, at in all_of.items() if dag_id not in leaving}
    tries = {dag_id: one for dag_id, one in watch.second_tries.items() if dag_id in touched}
    return watch.model_copy(update={"touched": touched, "leaving": leaving, "second_tries": tries})


def _anew(tallies: Mapping[SignalName, Tally], dag_id: str) -> dict[SignalName, Tally]:
    """What was counted of a DAG that is flipped is of its code before; with nothing else left, it is over."""
    found = dict[SignalName, Tally]()
    for name, tally in tallies.items():
        about = tally.worst if tally.failed or tally.outcome is Judgement.FAILED else tally.last
        dags = about.dags if about is not None else ()
        if dag_id not in dags or about is None:
            found[name] = tally
        elif left := tuple(dag for dag in dags if dag != dag_id):
            key = "worst" if about is tally.worst else "last"
            found[name] = tally.model_copy(update={key: about.model_copy(update={"dags": left})})
    return found


def _without(watch: Watch, dag_id: str) -> Watch:
    update = {
        "touched": _but(watch.touched, dag_id),
        "leaving": _but(watch.leaving, dag_id),
        "ran": _but(watch.ran, dag_id),
        "second_tries": _but(watch.second_tries, dag_id),
        "added": watch.added - {dag_id},
    }
    return watch.model_copy(update=update)


def _but(of: Mapping[str, V], dag_id: str) -> dict[str, V]:
    return {dag: value for dag, value in of.items() if dag != dag_id}

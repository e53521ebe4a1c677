"""From a difference and the gates' verdicts to the ordered steps that may run now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.core.diff import Difference
from reconciler.core.identity import canonical, sha256
from reconciler.core.pointer_file import SUPPORT_KEYS, pointer_key, release_key
from reconciler.model.environment import AirflowSpec
from reconciler.model.plan import (
    Action,
    AwaitParsed,
    Change,
    DagPointer,
    DeletePointers,
    Flip,
    FlipBatch,
    HistoryEntry,
    Plan,
    PutRelease,
    PutSupport,
    Settle,
    Step,
    Verdict,
)
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.value import Value

BATCH = 50
"""Pointers written under one intent: few enough to settle quickly after a crash."""


class Goal(Value):
    """Where to go: a commit, the release that it means, and how slowly Airflow follows."""

    revision: str
    release: ReleaseManifest
    airflow: AirflowSpec


def make_plan(
    goal: Goal, diff: Difference, verdicts: Sequence[Verdict], state: EnvironmentState, now: datetime
) -> Plan:
    """The plan for now: DAGs that a gate holds back are left out of its steps, and named in its verdicts."""
    plan = Plan(
        environment=state.environment,
        revision=goal.revision,
        release=goal.release.id,
        changes=diff.changes,
        verdicts=tuple(verdicts),
    )
    if plan.stopped:
        return plan
    free = [change for change in diff.changes if change.dag_id not in plan.held]
    return plan.model_copy(update={"steps": tuple(_steps(goal, diff, free, state, now))})


def plan_digest(plan: Plan) -> str:
    """What a plan will do, as a digest: the same for the same steps, whenever it is made."""
    steps = [_without_clock(step.to_json()) for step in plan.steps]
    return sha256(canonical({"release": plan.release, "revision": plan.revision, "steps": steps}))


def _without_clock(value: object) -> object:
    match value:
        case dict():
            return {key: _without_clock(item) for key, item in value.items() if key != "since"}
        case list():
            return [_without_clock(item) for item in value]
        case _:
            return value


def _steps(
    goal: Goal, diff: Difference, free: Sequence[Change], state: EnvironmentState, now: datetime
) -> Iterator[Step]:
    flips = [_flip(change, goal.release, state, now) for change in free if change.action is not Action.REMOVE]
    # A held DAG whose pointer was edited gets back the one it had: else its runs might never end.
    flips += [
        _as_it_was(live)
        for change in diff.changes
        if change not in free
        and (live := state.live.get(change.dag_id)) is not None
        and pointer_key(change.dag_id) in diff.drifted
    ]
    removed = tuple(change.dag_id for change in free if change.action is Action.REMOVE)
    if diff.support:
        yield PutSupport(keys=diff.support)
    # Also while every DAG waits: the release has then settled when the first of them may flip.
    for release in diff.releases:
        yield PutRelease(release=release, key=release_key(release))
    if flips:
        keys = (*SUPPORT_KEYS, *sorted({release_key(flip.pointer.release) for flip in flips}))
        yield Settle(keys=keys, seconds=goal.airflow.sync_seconds)
    for start in range(0, len(flips), BATCH):
        yield FlipBatch(flips=tuple(flips[start : start + BATCH]))
    if removed:
        yield DeletePointers(dag_ids=removed)
    expected = {
        dag_id: live.pointer.release
        for dag_id, live in state.live.items()
        if not live.verified and dag_id not in removed
    }
    expected |= {flip.pointer.dag_id: flip.pointer.release for flip in flips}
    if expected:
        yield AwaitParsed(
            expected=dict(sorted(expected.items())),
            seconds=goal.airflow.sync_seconds + goal.airflow.parse_seconds,
        )


def _as_it_was(live: LiveDag) -> Flip:
    return Flip(pointer=live.pointer, fingerprint=live.fingerprint)


def _flip(change: Change, release: ReleaseManifest, state: EnvironmentState, now: datetime) -> Flip:
    live = state.live.get(change.dag_id)
    if live is not None and change.action is Action.HEAL:
        return _as_it_was(live)
    sealed = release.dags[change.dag_id]
    newest = HistoryEntry(
        release=release.id, archive_sha256=release.archive.sha256, file=sealed.file, since=now
    )
    before = live.pointer.history if live is not None else ()
    # One older release stays: parsing falls back to it where the newest has not arrived.
    older = tuple(entry for entry in before if entry.release != release.id)[:1]
    pointer = DagPointer(dag_id=change.dag_id, history=(newest, *older))
    return Flip(pointer=pointer, fingerprint=sealed.fingerprint)

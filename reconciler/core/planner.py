"""From a difference and the gates' verdicts to the ordered steps that may run now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.core.diff import Difference
from reconciler.core.drain import Seen, bad_code, in_the_way
from reconciler.core.fencing import AT_ONCE, to_await, to_close, to_flip, to_open
from reconciler.core.identity import canonical, sha256
from reconciler.core.pinning import absolved, before_newest, due, next_history, without
from reconciler.core.pointer_file import SUPPORT_KEYS, pointer_key, release_key
from reconciler.model.environment import NewDags
from reconciler.model.plan import (
    Action,
    AwaitParsed,
    Change,
    DagPointer,
    DeletePointers,
    Flip,
    FlipBatch,
    Goal,
    HistoryEntry,
    Pause,
    Plan,
    PutRelease,
    PutSupport,
    RestartRuns,
    Settle,
    Step,
    Straggler,
)
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.verdict import Verdict

BATCH = 50
"""Pointers written under one intent: few enough to settle quickly after a crash."""

_CLOCKS = {"since", "notBefore", "until", "nextRunAt", "nextLogicalDate"}


@dataclass(frozen=True)
class Scene:
    """All that a plan is made from: where to go, what is so now, and what Airflow says.

    ``left`` are the manifests of releases that DAGs leave.
    """

    goal: Goal
    state: EnvironmentState
    seen: Seen
    now: datetime
    left: Mapping[str, ReleaseManifest] = field(default_factory=dict)

    def calendar(self, dag_id: str) -> dict[str, str]:
        """When the runs of a live DAG are due now, as sealed; empty if that is not known any more."""
        live, sealed = self.state.live.get(dag_id), self.goal.release.dags.get(dag_id)
        if live is None:
            return {}
        if sealed is None or sealed.fingerprint != live.fingerprint:
            manifest = self.left.get(live.pointer.release)
            sealed = manifest.dags.get(dag_id) if manifest is not None else None
        return sealed.calendar if sealed is not None else {}


def make_plan(scene: Scene, diff: Difference, verdicts: Sequence[Verdict]) -> Plan:
    """The plan for now: DAGs that a gate holds back are left out of its steps, and named in its verdicts."""
    plan = Plan(
        environment=scene.state.environment,
        revision=scene.goal.revision,
        release=scene.goal.release.id,
        changes=diff.changes,
        verdicts=tuple(verdicts),
    )
    held = plan.held
    free = [change for change in diff.changes if change.dag_id not in held]
    steps = _closing(scene, (), {}) if plan.stopped else _steps(scene, diff, free)
    return plan.model_copy(update={"steps": tuple(steps)})


def plan_digest(plan: Plan) -> str:
    """What a plan will do, as a digest: the same for the same steps, whenever it is made."""
    steps = [_without_clock(step.to_json()) for step in plan.steps]
    return sha256(canonical({"release": plan.release, "revision": plan.revision, "steps": steps}))


def stamped(step: Step, now: datetime) -> Step:
    """A step as it is done now: what it writes is used from then on when every container has it."""
    if not isinstance(step, FlipBatch):
        return step
    since = now + timedelta(seconds=step.seconds)
    flips = (_since(flip, since) if flip.new else flip for flip in step.flips)
    return step.model_copy(update={"flips": tuple(flips)})


def _since(flip: Flip, since: datetime) -> Flip:
    newest, *older = flip.pointer.history
    history = (newest.model_copy(update={"since": since}), *older)
    return flip.model_copy(update={"pointer": flip.pointer.model_copy(update={"history": history})})


def _without_clock(value: object) -> object:
    match value:
        case dict():
            return {key: _without_clock(item) for key, item in value.items() if key not in _CLOCKS}
        case list():
            return [_without_clock(item) for item in value]
        case _:
            return value


def _steps(scene: Scene, diff: Difference, free: Sequence[Change]) -> Iterator[Step]:
    state = scene.state
    now = to_flip(free, state, scene.seen, scene.now)
    restarts = _restarts(scene, now)
    if restarts:
        # Behind the fence, before the flip: when the fence is opened they begin anew on what is right.
        restarting = {run.dag_id for run in restarts}
        now = [change for change in now if change.dag_id not in restarting]
    flips = [_flip(scene, change) for change in now if change.action is not Action.REMOVE]
    going = {change.dag_id for change in now}
    # A held DAG whose pointer was edited gets back the one it had: else its runs might never end.
    flips += [
        _as_it_was(live)
        for change in diff.changes
        if change.dag_id not in going
        and (live := state.live.get(change.dag_id)) is not None
        and pointer_key(change.dag_id) in diff.drifted
    ]
    if diff.support:
        yield PutSupport(keys=diff.support)
    # Also while every DAG waits: the release is then there when the first of them may flip.
    for release in diff.releases:
        yield PutRelease(release=release, key=release_key(release))
    if flips:
        yield _settle(scene, flips)
    for start in range(0, len(flips), BATCH):
        batch = tuple(flips[start : start + BATCH])
        yield flip_batch(scene.goal, batch)
    removed = tuple(change.dag_id for change in now if change.action is Action.REMOVE)
    if removed:
        yield DeletePointers(dag_ids=removed)
    opens = to_open(free, state, scene.seen)
    if opens:
        yield Pause(fences=opens)
    quiet = to_await(free, state, scene.seen, scene.now)
    if quiet is not None:
        yield quiet
    if restarts:
        yield RestartRuns(runs=restarts[:AT_ONCE])
    written = {flip.pointer.dag_id: flip.pointer.release for flip in flips}
    yield from _closing(scene, [change.dag_id for change in free], {**written, **dict.fromkeys(removed)})


def flip_batch(goal: Goal, flips: tuple[Flip, ...]) -> FlipBatch:
    """The step that writes some pointers."""
    return FlipBatch(flips=flips, seconds=goal.flip_seconds, margin_seconds=goal.airflow.clock_margin_seconds)


def _settle(scene: Scene, flips: Sequence[Flip]) -> Settle:
    """Nothing may need a file before it is everywhere. The loader is needed at once, a release when due."""
    releases = {flip.pointer.release for flip in flips if not flip.new}
    keys = (*SUPPORT_KEYS, *sorted(map(release_key, releases)))
    return Settle(keys=keys, seconds=scene.goal.airflow.sync_seconds)


def _restarts(scene: Scene, now: Sequence[Change]) -> tuple[Straggler, ...]:
    """The runs of condemned code that hold back a DAG no longer: each begins anew, once."""
    goal, state = scene.goal, scene.state
    return tuple(
        Straggler(dag_id=run.dag_id, run_id=run.run_id)
        for change in now
        if change.rolls_back and (fence := state.fences.get(change.dag_id)) is not None
        for run in in_the_way(change, goal, state, scene.seen, scene.now)
        if run.run_id not in fence.restarted
    )


def _closing(scene: Scene, free: Sequence[str], written: Mapping[str, str | None]) -> Iterator[Step]:
    """See that Airflow runs what was written, and close the fences behind which nothing is left to do."""
    airflow = scene.goal.airflow
    ready, later = to_close(free, scene.state, airflow, scene.now)
    expected = {
        dag_id: live.pointer.release
        for dag_id, live in scene.state.live.items()
        if not live.verified and dag_id not in written
    }
    expected |= {dag_id: release for dag_id, release in written.items() if release is not None}
    if ready is not None:
        yield ready.model_copy(update={"patient": not expected})
    if expected:
        yield AwaitParsed(
            expected=dict(sorted(expected.items())),
            seconds=airflow.seen_seconds,
            activates=airflow.new_dags is NewDags.ACTIVE,
        )
    if later is not None:
        yield later


def _as_it_was(live: LiveDag) -> Flip:
    return Flip(pointer=live.pointer, fingerprint=live.fingerprint)


def _flip(scene: Scene, change: Change) -> Flip:
    live = scene.state.live.get(change.dag_id)
    if live is not None and change.action is Action.HEAL:
        return _as_it_was(live)
    if live is not None and change.action is Action.PUT_BACK:
        return _to_older(scene, live)
    new_calendar = change.new_calendar or change.action is Action.ADD
    return to_goal(scene, change.dag_id).model_copy(update={"new_calendar": new_calendar})


def _to_older(scene: Scene, live: LiveDag) -> Flip:
    """The pointer as it was before its newest release: nothing ever ran on that."""
    history = before_newest(live.pointer, scene.goal.condemned)
    pointer = live.pointer.model_copy(update={"history": history})
    return Flip(pointer=pointer, fingerprint=history[0].fingerprint)


def to_goal(scene: Scene, dag_id: str) -> Flip:
    """A DAG's pointer with the goal's release as its newest."""
    goal, live = scene.goal, scene.state.live.get(dag_id)
    sealed = goal.release.dags[dag_id]
    newest = HistoryEntry(
        release=goal.release.id,
        archive_sha256=goal.release.archive.sha256,
        file=sealed.file,
        since=scene.now,
        fingerprint=sealed.fingerprint,
    )
    pointer = DagPointer(dag_id=dag_id, history=(newest,))
    if live is None:
        return Flip(pointer=pointer, fingerprint=sealed.fingerprint, new=True)
    bad = bad_code(live, goal)
    before = without(live.pointer.history, bad, newest)
    if live.pointer.release in bad:
        # Nothing starts behind the fence, so that nobody has to wait for this to be due.
        newest, before = before[0], before[1:]
    if live.fingerprint == sealed.fingerprint:
        before = absolved(before, goal.condemned)
    looked = scene.now - timedelta(seconds=goal.airflow.clock_margin_seconds)
    history = next_history(before, newest, _starts(scene, dag_id), looked)
    pointer = DagPointer(dag_id=dag_id, history=history)
    return Flip(pointer=pointer, fingerprint=sealed.fingerprint, new=newest.since == scene.now)


def trimmed(scene: Scene, live: LiveDag) -> Flip:
    """A DAG's pointer, its newest release long everywhere, without what no run in flight needs."""
    newest, *before = live.pointer.history
    early = [start for start in _starts(scene, live.pointer.dag_id) if start < newest.since]
    needed = {due(before, start) for start in early if before}
    history = (newest, *(entry for entry in before if entry in needed))
    pointer = live.pointer.model_copy(update={"history": history})
    return Flip(pointer=pointer, fingerprint=live.fingerprint)


def _starts(scene: Scene, dag_id: str) -> list[datetime]:
    return [run.started_at for run in scene.seen.runs if run.dag_id == dag_id and run.started_at]

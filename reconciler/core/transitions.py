"""How a step changes the memory of an environment: before it is done, after it, and after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.core import trying_again
from reconciler.core.clearing import cleared, clearing
from reconciler.core.findings import MAX_LINE
from reconciler.core.ledger import written
from reconciler.core.pointer_file import pointer_key
from reconciler.core.verification import watching
from reconciler.model.plan import (
    AwaitParsed,
    ClearRuns,
    CreateRuns,
    DeletePointers,
    Flip,
    FlipBatch,
    Pause,
    PutRelease,
    PutSupport,
    RestartRuns,
    Step,
    Unpause,
)
from reconciler.model.state import (
    Accounting,
    EnvironmentState,
    Fence,
    Intent,
    LiveDag,
    OwnedFile,
    Rejected,
    StepResult,
)


def began(
    state: EnvironmentState, step: Step, writes: Mapping[str, str | None], now: datetime
) -> EnvironmentState:
    """Remember what a step is about to do."""
    state = state.model_copy(update={"accounting": written(state.accounting, step, now)})
    if isinstance(step, Pause):
        return state.model_copy(update={"fences": {**state.fences, **_fences(step, state, now)}})
    if isinstance(step, CreateRuns):
        return _creating(step, state)
    if isinstance(step, ClearRuns):
        return state if step.second_try else clearing(state, step)
    effects = _effects(step, state, now)
    intents = {
        key: effects.get(key, Intent(digest=None)).model_copy(update={"digest": digest})
        for key, digest in writes.items()
    }
    return state.model_copy(update={"intents": {**state.intents, **intents}})


def ended(state: EnvironmentState, step: Step, result: StepResult, now: datetime) -> EnvironmentState:
    """Remember what a step did."""
    after, update = _landed(state, result.written), dict[str, object]()
    match step:
        case Pause():
            return _paused(after, result, now)
        case Unpause():
            left = {dag_id: fence for dag_id, fence in after.fences.items() if dag_id not in result.unfenced}
            return after.model_copy(update={"fences": left})
        case RestartRuns():
            return _restarted(after, result, now)
        case CreateRuns() | ClearRuns():
            return _ran(after, step, result, now)
        case AwaitParsed():
            seen, update = result.verified, {"verified": True, "proven": True, "added": False}
            after = _with_rejected(after, result, now)
        case PutSupport():
            seen, update = frozenset(after.live), _to_verify(result)
        case PutRelease():
            on_it = (dag_id for dag_id, live in after.live.items() if live.pointer.release == step.release)
            seen, update = frozenset(on_it), _to_verify(result)
        case _:
            return after
    live = {
        dag_id: dag.model_copy(update=update) if dag_id in seen else dag for dag_id, dag in after.live.items()
    }
    return after.model_copy(update={"live": live})


def _fences(step: Pause, state: EnvironmentState, now: datetime) -> dict[str, Fence]:
    """A fence that somebody un-paused in the middle is shut again, and remembers what was done behind it."""
    return {
        dag_id: state.fences[dag_id].model_copy(update={"ours": opening.ours, "paused_at": None})
        if dag_id in state.fences
        else Fence(
            opened_at=now,
            ours=opening.ours,
            next_run_at=opening.next_run_at,
            next_logical_date=opening.next_logical_date,
        )
        for dag_id, opening in step.fences.items()
    }


def _paused(state: EnvironmentState, result: StepResult, now: datetime) -> EnvironmentState:
    shut = {dag_id: state.fences[dag_id].model_copy(update={"paused_at": now}) for dag_id in result.paused}
    return state.model_copy(update={"fences": {**state.fences, **shut}})


def _restarted(state: EnvironmentState, result: StepResult, now: datetime) -> EnvironmentState:
    fences = dict(state.fences)
    for run in result.restarted:
        fence = fences[run.dag_id]
        update = {"restarted": (*fence.restarted, run.run_id), "restarted_at": now}
        fences[run.dag_id] = fence.model_copy(update=update)
    return state.model_copy(update={"fences": fences})


def _creating(step: CreateRuns, state: EnvironmentState) -> EnvironmentState:
    """A tick that dies now leaves behind which runs are ours, if they are there."""
    if state.accounting is None:
        return state
    creating = dict(state.accounting.creating)
    for dag_id, runs in step.missing.items():
        creating[dag_id] = tuple(sorted({*creating.get(dag_id, ()), *(run.due_at for run in runs)}))
    return _accounted(state, state.accounting, creating=creating)


def _refused(state: EnvironmentState, result: StepResult) -> EnvironmentState:
    if state.accounting is None or not result.refused:
        return state
    return _accounted(state, state.accounting, refused={**state.accounting.refused, **result.refused})


def _ran(
    state: EnvironmentState, step: CreateRuns | ClearRuns, result: StepResult, now: datetime
) -> EnvironmentState:
    if isinstance(step, CreateRuns):
        return _refused(state, result)
    return trying_again.cleared(state, result, now) if step.second_try else cleared(state, result)


def _accounted(state: EnvironmentState, open_: Accounting, **update: object) -> EnvironmentState:
    return state.model_copy(update={"accounting": open_.model_copy(update=update)})


def _with_rejected(state: EnvironmentState, result: StepResult, now: datetime) -> EnvironmentState:
    rejected = {
        dag_id: Rejected(
            release=state.live[dag_id].pointer.release,
            fingerprint=state.live[dag_id].fingerprint,
            message=message[:MAX_LINE],
            at=now,
        )
        for dag_id, message in result.rejected.items()
        if dag_id in state.live
    }
    return state.model_copy(update={"rejected": {**state.rejected, **rejected}}) if rejected else state


def _to_verify(result: StepResult) -> dict[str, object]:
    """What DAGs load anew was written: that they still run is to be seen again."""
    written = [file.written_at for file in result.written.values() if file is not None]
    return {"verified": False, "flipped_at": max(written)} if written else {}


def settled(state: EnvironmentState, found: Mapping[str, OwnedFile | None]) -> EnvironmentState:
    """After an interruption: keep of the open intents what really happened, and forget the rest.

    ``found`` is what lies at each intended key now. A body with the intended digest was written by us.
    """
    happened = {
        key: found[key]
        for key, intent in state.intents.items()
        if (file.digest if (file := found[key]) is not None else None) == intent.digest
    }
    return _landed(state, happened).model_copy(update={"intents": {}})


def _landed(state: EnvironmentState, written: Mapping[str, OwnedFile | None]) -> EnvironmentState:
    files, live, fences = dict(state.files), dict(state.live), dict(state.fences)
    watch = state.watch
    for key, file in written.items():
        intent = state.intents.get(key)
        if file is None:
            files.pop(key, None)
        else:
            files[key] = file
        if intent is not None and intent.flips is not None:
            watch = watching.flipped(watch, live.get(intent.flips.pointer.dag_id), intent.flips)
            live[intent.flips.pointer.dag_id] = intent.flips
            _behind_fence(fences, intent.flips.pointer.dag_id, intent.flips.flipped_at)
        if intent is not None and intent.removes is not None and intent.at is not None:
            live.pop(intent.removes, None)
            watch = watching.removed(watch, intent.removes)
            _behind_fence(fences, intent.removes, intent.at)
    left = {key: intent for key, intent in state.intents.items() if key not in written}
    update = {"files": files, "live": live, "intents": left, "fences": fences, "watch": watch}
    return state.model_copy(update=update)


def _proven(flip: Flip, before: LiveDag | None) -> bool:
    """Was the code behind a flip seen running here before? What goes back to was."""
    same = before is not None and before.fingerprint == flip.fingerprint
    return before.proven if before is not None and same else not flip.new


def _added(before: LiveDag | None) -> bool:
    """Is a DAG new that is flipped now? One that was flipped again before it was seen still is."""
    return before is None or before.added


def _behind_fence(fences: dict[str, Fence], dag_id: str, now: datetime) -> None:
    if dag_id in fences:
        fences[dag_id] = fences[dag_id].model_copy(update={"flipped_at": now})


def _effects(step: Step, state: EnvironmentState, now: datetime) -> dict[str, Intent]:
    match step:
        case FlipBatch():
            return {
                pointer_key(flip.pointer.dag_id): Intent(
                    digest=None,
                    flips=LiveDag(
                        pointer=flip.pointer,
                        fingerprint=flip.fingerprint,
                        flipped_at=now,
                        proven=_proven(flip, state.live.get(flip.pointer.dag_id)),
                        added=_added(state.live.get(flip.pointer.dag_id)),
                    ),
                )
                for flip in step.flips
            }
        case DeletePointers():
            return {
                pointer_key(dag_id): Intent(digest=None, removes=dag_id, at=now) for dag_id in step.dag_ids
            }
        case _:
            return {}

"""How the memory of an environment changes: each function takes a state and gives the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.core.pointer_file import pointer_key
from reconciler.model.event import EventDraft
from reconciler.model.plan import (
    AwaitParsed,
    DeletePointers,
    FlipBatch,
    Pause,
    PutRelease,
    PutSupport,
    RestartRuns,
    Step,
    Unpause,
)
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.state import (
    Condition,
    EnvironmentState,
    Fence,
    Intent,
    LiveDag,
    OwnedFile,
    Rejected,
    StepResult,
)
from reconciler.model.value import Value


class Finding(Value):
    """Something to say about an environment: a condition and, unless not ``told``, the event of its news."""

    type: ConditionType
    status: bool | None
    reason: Reason
    message: str
    severity: Severity = Severity.INFO
    evidence: tuple[str, ...] = ()
    told: bool = True


MAX_EVIDENCE, MAX_LINE, MAX_MESSAGE = 20, 500, 4000
"""An event has to fit everywhere it goes: EventBridge takes 256 KB, DynamoDB 400 KB, a person less."""


def observe(
    state: EnvironmentState, finding: Finding, revision: str | None, now: datetime
) -> tuple[EnvironmentState, tuple[EventDraft, ...]]:
    """Set a condition. The same finding twice is one event: only what is new is told."""
    before = state.conditions.get(finding.type)
    same = before is not None and (before.status, before.reason, before.message) == (
        finding.status,
        finding.reason,
        finding.message[:MAX_MESSAGE],
    )
    moved = before is None or before.status != finding.status
    condition = Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason,
        message=finding.message[:MAX_MESSAGE],
        observed_revision=revision,
        last_transition_at=now if moved or before is None else before.last_transition_at,
    )
    after = state.model_copy(update={"conditions": {**state.conditions, finding.type: condition}})
    if same or not finding.told:
        return after, ()
    return after, (event_of(finding, state, revision),)


def with_conditions(
    state: EnvironmentState, findings: Sequence[Finding], revision: str | None, now: datetime
) -> EnvironmentState:
    """Set several conditions without telling anybody: the event of what caused them says it."""
    for finding in findings:
        state, _ = observe(state, finding, revision, now)
    return state


def event_of(finding: Finding, state: EnvironmentState, revision: str | None) -> EventDraft:
    """The event that tells a finding, cut to a size that everybody can take."""
    operation = state.operation if state.operation and state.operation.revision == revision else None
    rest = len(finding.evidence) - MAX_EVIDENCE
    more = (f"and {rest} more",) if rest > 0 else ()
    return EventDraft(
        reason=finding.reason,
        severity=finding.severity,
        message=finding.message[:MAX_MESSAGE],
        evidence=(*(line[:MAX_LINE] for line in finding.evidence[:MAX_EVIDENCE]), *more),
        revision=revision,
        release=operation.release if operation else None,
        attempt=operation.attempt if operation else None,
    )


def began(
    state: EnvironmentState, step: Step, writes: Mapping[str, str | None], now: datetime
) -> EnvironmentState:
    """Remember what a step is about to do."""
    if isinstance(step, Pause):
        return state.model_copy(update={"fences": {**state.fences, **_fences(step, state, now)}})
    effects = _effects(step, now)
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
            return _paused(after, step, now)
        case Unpause():
            left = {dag_id: fence for dag_id, fence in after.fences.items() if dag_id not in result.unfenced}
            return after.model_copy(update={"fences": left})
        case RestartRuns():
            return _restarted(after, step)
        case AwaitParsed():
            seen, update = result.verified, {"verified": True}
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
    opened = {dag_id: fence.opened_at for dag_id, fence in state.fences.items()}
    return {dag_id: Fence(opened_at=opened.get(dag_id, now), ours=ours) for dag_id, ours in step.ours.items()}


def _paused(state: EnvironmentState, step: Pause, now: datetime) -> EnvironmentState:
    shut = {dag_id: state.fences[dag_id].model_copy(update={"paused_at": now}) for dag_id in step.ours}
    return state.model_copy(update={"fences": {**state.fences, **shut}})


def _restarted(state: EnvironmentState, step: RestartRuns) -> EnvironmentState:
    fences = dict(state.fences)
    for run in step.runs:
        fence = fences[run.dag_id]
        fences[run.dag_id] = fence.model_copy(update={"restarted": (*fence.restarted, run.run_id)})
    return state.model_copy(update={"fences": fences})


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
    for key, file in written.items():
        intent = state.intents.get(key)
        if file is None:
            files.pop(key, None)
        else:
            files[key] = file
        if intent is not None and intent.flips is not None:
            live[intent.flips.pointer.dag_id] = intent.flips
            _behind_fence(fences, intent.flips.pointer.dag_id, intent.flips.flipped_at)
        if intent is not None and intent.removes is not None and intent.at is not None:
            live.pop(intent.removes, None)
            _behind_fence(fences, intent.removes, intent.at)
    left = {key: intent for key, intent in state.intents.items() if key not in written}
    return state.model_copy(update={"files": files, "live": live, "intents": left, "fences": fences})


def _behind_fence(fences: dict[str, Fence], dag_id: str, now: datetime) -> None:
    if dag_id in fences:
        fences[dag_id] = fences[dag_id].model_copy(update={"flipped_at": now})


def _effects(step: Step, now: datetime) -> dict[str, Intent]:
    match step:
        case FlipBatch():
            return {
                pointer_key(flip.pointer.dag_id): Intent(
                    digest=None,
                    flips=LiveDag(
                        pointer=flip.pointer,
                        fingerprint=flip.fingerprint,
                        flipped_at=now,
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

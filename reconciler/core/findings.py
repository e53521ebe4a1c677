"""What is said of an environment: as a condition that stays, and as an event when it is news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.core import narrative
from reconciler.model.event import EventDraft
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.state import Condition, EnvironmentState
from reconciler.model.value import Value


class News(Value):
    """Something that happened and is over: an event, without a condition that stays."""

    reason: Reason
    message: str
    severity: Severity = Severity.INFO
    evidence: tuple[str, ...] = ()


class Finding(News):
    """Something to say about an environment: a condition and, unless not ``told``, the event of its news."""

    type: ConditionType
    status: bool | None
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


def event_of(news: News, state: EnvironmentState, revision: str | None) -> EventDraft:
    """The event that tells of it, cut to a size that everybody can take."""
    operation = state.operation if state.operation and state.operation.revision == revision else None
    rest = len(news.evidence) - MAX_EVIDENCE
    more = (f"and {rest} more",) if rest > 0 else ()
    return EventDraft(
        reason=news.reason,
        severity=news.severity,
        message=news.message[:MAX_MESSAGE],
        evidence=(*(line[:MAX_LINE] for line in news.evidence[:MAX_EVIDENCE]), *more),
        revision=revision,
        release=operation.release if operation else None,
        attempt=operation.attempt if operation else None,
    )


def drifted(keys: Sequence[str]) -> Finding:
    """Somebody else changed what we wrote."""
    return Finding(
        type=ConditionType.DRIFTED,
        status=True,
        reason=Reason.DRIFT_DETECTED,
        message=narrative.drift(keys),
        severity=Severity.WARNING,
        evidence=tuple(keys),
    )


def healed(told: bool) -> Finding:
    """And it is as it was; not ``told`` where the end of an operation says so."""
    return Finding(
        type=ConditionType.DRIFTED,
        status=False,
        reason=Reason.DRIFT_HEALED,
        message="What somebody else had changed in the DAG folder is as it was deployed again.",
        told=told,
    )


def reconciling(reason: Reason, message: str, evidence: tuple[str, ...] = ()) -> Finding:
    """What is under way."""
    return Finding(
        type=ConditionType.RECONCILING, status=True, reason=reason, message=message, evidence=evidence
    )

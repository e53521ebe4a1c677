"""Tells people of an outage that lasts. One that passes within minutes is nobody's business."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.findings import Finding
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.state import EnvironmentState

LASTS = timedelta(minutes=15)


def reachable(state: EnvironmentState, trouble: str, now: datetime) -> Finding | None:
    """Does everything outside answer? ``trouble`` says what does not; empty: all does. None: as before."""
    before = state.conditions.get(ConditionType.REACHABLE)
    since = before.last_transition_at if before is not None and before.status is False else None
    if not trouble:
        return None if since is None else _ended(told=now - since > LASTS)
    if since is None or now - since <= LASTS:
        return _finding(Reason.PROGRESSING_WITH_RETRY, "Something outside does not answer.", told=False)
    message = (
        f"For over {LASTS.seconds // 60} minutes nothing could be changed here; what is live stays as it is. "
        f"It is tried each minute. {trouble}"
    )
    lasting = before is not None and before.reason is Reason.OUTAGE_LASTS
    # The trouble may be worded otherwise each time; it is told once.
    return None if lasting else _finding(Reason.OUTAGE_LASTS, message, told=True)


def _ended(told: bool) -> Finding:
    return Finding(
        type=ConditionType.REACHABLE,
        status=True,
        reason=Reason.RECONCILIATION_SUCCEEDED,
        message="Everything outside answers again.",
        told=told,
    )


def _finding(reason: Reason, message: str, told: bool) -> Finding:
    return Finding(
        type=ConditionType.REACHABLE,
        status=False,
        reason=reason,
        message=message,
        severity=Severity.ERROR,
        told=told,
    )

"""The hold gate: a person, or a revert, decided that nothing changes here until it is lifted in Git."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

from reconciler.model.holds import Hold, Holds, Reasoned
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseId
from reconciler.model.verdict import Decision, Verdict


def hold(environment: str, holds: Holds, release: ReleaseId, changes: Sequence[Change]) -> Verdict:
    """Wait while the environment is suspended, or held at another release; a rollback waits too."""
    if holds.suspended is not None:
        return Verdict(
            gate="hold",
            decision=Decision.WAIT,
            reason=Reason.SUSPENDED,
            message=f"Suspended by {told_of(holds.suspended)}. Nothing is done here, nor put back, until "
            f'`reconciler resume {environment} --reason "<why>"`.',
            evidence=(told_of(holds.suspended),),
        )
    held = tuple(change.dag_id for change in changes if change.by_people)
    condemned = next((one for one in holds.quarantine if one.release == release), None)
    if condemned is not None and held:
        return Verdict(
            gate="hold",
            decision=Decision.WAIT,
            reason=Reason.REVISION_QUARANTINED,
            message=f"Release {release} is quarantined by {told_of(condemned)}. No more DAGs go to it.",
            dag_ids=held,
            evidence=(told_of(condemned),),
        )
    others = [one for one in holds.holds if one.at != release]
    if not others or not held:
        return Verdict.go("hold", _at(release, holds.holds))
    return Verdict(
        gate="hold",
        decision=Decision.WAIT,
        reason=Reason.HOLD_ESTABLISHED,
        message=f"Held{_where(others[0])} by {told_of(others[0])}. The change begins after "
        f'`reconciler release {environment} --reason "<why>"`.',
        dag_ids=held,
        evidence=tuple(f"{told_of(one)}{_where(one)}" for one in others),
    )


def told_of(one: Reasoned) -> str:
    """Who decided something, since when and why."""
    return f"{one.by} since {one.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {one.reason}"


def _where(one: Hold) -> str:
    return f" at release {one.at}" if one.at is not None else ""


def _at(release: ReleaseId, holds: Iterable[Hold]) -> str:
    return f"Held at {release}, which is what is asked for." if any(holds) else "Nothing is held."

"""For how long gates may keep a change waiting, and what then: keep on, give up, or go ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.model.artifact import Digest
from reconciler.model.policy import Gate, Patience, Policy, Then
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState, Waiting
from reconciler.model.verdict import Decision, Verdict

_OPENED_BY_PEOPLE = ("source", "approval")
"""Who signs for a change that was given up asks for it once more."""


def impatient(
    verdicts: Sequence[Verdict],
    known: Mapping[str, Waiting],
    policy: Policy,
    release: ReleaseId,
    now: datetime,
) -> tuple[Verdict, ...]:
    """The verdicts, where some have waited for longer than the policy allows.

    ``known``: since when, by gate, what is asked about was kept waiting before.
    """
    return tuple(_one(verdict, known, policy, release, now) for verdict in verdicts)


def waiting(
    verdicts: Sequence[Verdict], known: Mapping[str, Waiting], release: ReleaseId, now: datetime
) -> dict[str, Waiting]:
    """Since when each gate has kept this release waiting: to be remembered."""
    found = {}
    for verdict in verdicts:
        before = _before(known, verdict.gate, release)
        if verdict.decision is Decision.WAIT or verdict.gave_up:
            since = before.since if before is not None else now
            found[verdict.gate] = Waiting(release=release, since=since, gave_up=verdict.gave_up)
    return found


def waiting_outside(state: EnvironmentState, change: Digest) -> Mapping[str, Waiting]:
    """What is remembered of a change that waits to be admitted; another one's patience begins anew."""
    outside = state.outside
    return outside.waiting if outside is not None and outside.change == change else {}


def runs_are_over(state: EnvironmentState, policy: Policy, now: datetime) -> frozenset[str]:
    """The DAGs whose runs in flight have held back their change for so long that it goes ahead."""
    patience = policy.patience.get(Gate.IN_FLIGHT)
    if patience is None or patience.then is not Then.PROCEED:
        return frozenset()
    return frozenset(dag_id for dag_id, since in state.held.items() if now > since + _allowed(patience))


def _one(
    verdict: Verdict, known: Mapping[str, Waiting], policy: Policy, release: ReleaseId, now: datetime
) -> Verdict:
    before = _before(known, verdict.gate, release)
    if before is not None and before.gave_up:
        opened = verdict.decision is Decision.GO and verdict.gate in _OPENED_BY_PEOPLE
        return verdict if opened else _given_up(verdict, before)
    patience = policy.patience.get(Gate(verdict.gate)) if verdict.gate in set(Gate) else None
    if patience is None or before is None or verdict.decision is not Decision.WAIT:
        return verdict
    if now <= before.since + _allowed(patience):
        return verdict
    if patience.then is Then.FAIL:
        return _given_up(verdict, before)
    told = f"{verdict.message} It has waited since {_told(before.since)}, longer than is allowed."
    return verdict.model_copy(update={"reason": Reason.GATE_TIMED_OUT, "message": told})


def _given_up(verdict: Verdict, before: Waiting) -> Verdict:
    again = " or sign for it," if verdict.gate in _OPENED_BY_PEOPLE else ""
    told = (
        f"Given up: the gate {verdict.gate} kept it waiting since {_told(before.since)}, longer than is "
        f"allowed. Commit another version,{again} or ask for it again with `reconciler sync`. "
        f"{verdict.message}"
    )
    update = {
        "decision": Decision.STOP,
        "reason": Reason.GATE_TIMED_OUT,
        "message": told,
        "dag_ids": (),
        "gave_up": True,
    }
    return verdict.model_copy(update=update)


def _before(known: Mapping[str, Waiting], gate: str, release: ReleaseId) -> Waiting | None:
    """What is remembered of this release; another one's patience begins anew."""
    found = known.get(gate)
    return found if found is not None and found.release == release else None


def _allowed(patience: Patience) -> timedelta:
    return timedelta(minutes=patience.after_minutes)


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

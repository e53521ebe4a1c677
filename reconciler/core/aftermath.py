"""What follows a revert: from when on it is live, what is owed to the time before it, whether it is well."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.clearing import ran
from reconciler.core.ledger import LATE
from reconciler.model.health import HealthSpec, SignalName, Weight
from reconciler.model.reason import Health
from reconciler.model.release import ReleaseManifest
from reconciler.model.state import Accounting, EnvironmentState
from reconciler.model.watch import Judgement, Measurement, Revert, Watch

TOO_LONG = timedelta(minutes=15)
"""A revert that is not live and well so long after its commit is for people."""

_AT_ONCE = (SignalName.DAGS_PRESENT, SignalName.DAGS_PARSED, SignalName.IMPORT_ERRORS)
"""What can be seen without a run: all of these have to be seen well, the others only not ill."""

_LONGEST = 200


def open_revert(state: EnvironmentState) -> Revert | None:
    """The revert that is not through yet."""
    newest = state.reverts[0] if state.reverts else None
    if newest is None or newest.verified_at is not None or newest.over_at is not None:
        return None
    return newest


def with_revert(state: EnvironmentState, revert: Revert) -> EnvironmentState:
    """The state with its newest revert as it is now."""
    return state.model_copy(update={"reverts": (revert, *state.reverts[1:])})


def noted(state: EnvironmentState, revert: Revert, to: ReleaseManifest) -> Revert:
    """What nobody can tell any more once it is taken back: what ran condemned code, and what was wrong."""
    watch = state.watch
    found = failures(watch, with_evidence=True) if watch and watch.release == revert.release else ()
    return ran(state, revert, to).model_copy(update={"failed": revert.failed or found})


def failures(watch: Watch, *, with_evidence: bool = False) -> tuple[str, ...]:
    """What was found wrong with a release, a line for each signal; with the first that each was seen by."""
    ill = [
        tally
        for _, tally in sorted(watch.tallies.items())
        if tally.severity is Weight.ERROR and tally.outcome is Judgement.FAILED
    ]
    seen = (tally.worst or tally.last for tally in ill)
    return tuple(
        f"{one.signal.value}: {_with_evidence(one) if with_evidence else one.message}"
        for one in seen
        if one is not None
    )


def _with_evidence(one: Measurement) -> str:
    if not one.evidence or one.evidence[0].rstrip(".") in one.message:
        return one.message
    line = one.evidence[0]
    return f"{one.message.rstrip('.')} ({line if len(line) <= _LONGEST else f'{line[: _LONGEST - 1]}…'})."


def is_begun(state: EnvironmentState, revert: Revert) -> bool:
    """Was the release gone back to, so that nothing of what was condemned is flipped any more?"""
    newest = state.past[0] if state.past else None
    return newest == revert.to and revert.release in state.condemned


def is_live(state: EnvironmentState, revert: Revert) -> bool:
    """Does Airflow run what was gone back to, all of it?"""
    whole = state.applied is not None and state.applied.release == revert.to and not state.going_back
    return is_begun(state, revert) and whole and state.delivery is Health.HEALTHY


def is_over(state: EnvironmentState, revert: Revert) -> bool:
    """Was something else gone to since, by people? Then what is left of it is theirs.

    Before its commit is accepted, what is condemned is still what is in force.
    """
    if revert.commit is None or state.accepted is None:
        return False
    return state.accepted.release not in {revert.to, *(() if revert.live_at else (revert.release,))}


def went_live(state: EnvironmentState, revert: Revert, now: datetime) -> EnvironmentState:
    """Since now; and every run that was due since condemned code ran is to be accounted for."""
    operation, since = state.operation, min((revert.ran or {}).values(), default=None)
    finished = operation.finished_at if operation is not None and operation.release == revert.to else None
    live_at = finished if finished is not None and finished >= revert.intended_at else now
    after = with_revert(state, revert.model_copy(update={"live_at": live_at}))
    if since is None:
        return after
    open_ = state.accounting or Accounting(since=since, until=now)
    return after.model_copy(
        update={"accounting": open_.model_copy(update={"since": min(open_.since, since - LATE)})}
    )


def is_well(state: EnvironmentState, revert: Revert, spec: HealthSpec) -> bool:
    """Was what is live judged since, and found well? What could not be seen is not well."""
    watch = state.watch
    if watch is None or watch.release != revert.to or watch.checked_at is None or revert.live_at is None:
        return False
    judged = {name for name in SignalName if spec.of(name).severity is Weight.ERROR}
    ill = {name for name in judged if _outcome(watch, name) is Judgement.FAILED}
    unseen = {
        name
        for name in _AT_ONCE
        if spec.of(name).severity is not Weight.OFF and _newest(watch, name) is not Judgement.SUCCEEDED
    }
    return watch.checked_at >= revert.live_at and not ill and not unseen


def _outcome(watch: Watch, name: SignalName) -> Judgement | None:
    tally = watch.tallies.get(name)
    return tally.outcome if tally is not None else None


def _newest(watch: Watch, name: SignalName) -> Judgement | None:
    tally = watch.tallies.get(name)
    return tally.last.outcome if tally is not None and tally.last is not None else None


def is_late(revert: Revert, now: datetime) -> bool:
    """Has it taken too long, and nobody was told?"""
    since = revert.live_at or revert.committed_at or revert.intended_at
    return revert.commit is not None and revert.late_at is None and now >= since + TOO_LONG

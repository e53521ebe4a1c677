"""The one message that people get when a revert is through, or is not for long."""

from __future__ import annotations

from datetime import datetime

from reconciler.core.findings import News
from reconciler.core.narrative import names, versions
from reconciler.model.policy import MissedRuns
from reconciler.model.reason import Reason, Severity
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value
from reconciler.model.watch import Revert

_FEW = 2


class Parts(Value):
    """The seconds of a revert: from the alarm to its commit, until it was live, until it was seen to be well.

    None: it has not come to that, or nobody knows.
    """

    commit: float | None = None
    live: float | None = None
    verified: float | None = None

    @property
    def total(self) -> float:
        """All together, as far as it has come."""
        return sum(part for part in (self.commit, self.live, self.verified) if part is not None)

    def __str__(self) -> str:
        told = (
            (self.commit, "from the alarm to the commit"),
            (self.live, "until it was live"),
            (self.verified, "until it was seen to be well"),
        )
        return ", ".join(f"{seconds:.0f} s {what}" for seconds, what in told if seconds is not None)


def parts(revert: Revert) -> Parts:
    """How long each part of it took."""
    alarm = revert.turned_at or revert.intended_at
    committed = revert.committed_at or revert.intended_at
    return Parts(
        commit=_seconds(alarm, committed) if revert.commit is not None else None,
        live=_seconds(committed, revert.live_at),
        verified=_seconds(revert.live_at, revert.verified_at),
    )


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    """Of two clocks; never less than nothing."""
    return max(0.0, (until - since).total_seconds()) if since is not None and until is not None else None


def through(state: EnvironmentState, revert: Revert) -> News:
    """It is live and was seen to be well: what failed, what was done, what is left to do."""
    took = parts(revert)
    message = (
        f"{state.environment} runs release {revert.to} again{_as(state)}, and is well: the alarm "
        f"{revert.alarm} had gone off. {_what_failed(revert)} {_done(revert)} {_left(state, revert)} "
        f"It took {took.total:.0f} s: {took}."
    )
    return News(
        reason=Reason.ROLLBACK_VERIFIED,
        message=message,
        severity=Severity.ERROR,
        evidence=_evidence(revert),
    )


def not_through(state: EnvironmentState, revert: Revert, now: datetime) -> News:
    """It is not live, or not seen to be well, for too long."""
    since = revert.live_at or revert.committed_at or revert.intended_at
    what = "is live, and was not seen to be well" if revert.live_at else "is not live"
    condition = next((one.message for one in state.conditions.values() if _is_ill(one.type, one.status)), "")
    message = (
        f"What the alarm {revert.alarm} went back to, release {revert.to}, {what} in {state.environment} "
        f"{(now - since).total_seconds() / 60:.0f} minutes after its commit {(revert.commit or '')[:10]}. "
        f"{condition} `reconciler explain {state.environment}` says what is known of it. It is "
        "looked at each minute, and told when it is well."
    )
    return News(
        reason=Reason.ROLLBACK_NOT_VERIFIED,
        message=" ".join(message.split()),
        severity=Severity.ERROR,
        evidence=_evidence(revert),
    )


def _is_ill(kind: str, status: bool | None) -> bool:
    return kind in {"Healthy", "Quiesced"} and status is False


def _as(state: EnvironmentState) -> str:
    applied = state.applied
    if applied is None:
        return ""
    named = {part.value: pin.version for part, pin in applied.desired.pointer.components.items()}
    return f" ({versions(named)})"


def _what_failed(revert: Revert) -> str:
    if not revert.failed:
        return f"Why release {revert.release} was bad is said by the alarm."
    rest = len(revert.failed) - _FEW
    more = f" and {rest} more" if rest > 0 else ""
    said = "; ".join(line.rstrip(".") for line in revert.failed[:_FEW])
    return f"What failed on release {revert.release}: {said}{more}."


def _done(revert: Revert) -> str:
    commit = f"commit {(revert.commit or '')[:10]} took {revert.blamed[:10]} back"
    done = [f"{commit}, quarantined release {revert.release} and holds the environment at {revert.to}"]
    again = sum(map(len, revert.cleared.values()))
    if again:
        named = names(f"{dag_id} {len(ids)}" for dag_id, ids in sorted(revert.cleared.items()))
        done.append(f"{again} failed {'runs run' if again > 1 else 'run runs'} again ({named})")
    return f"Done: {'; '.join(done)}."


def _left(state: EnvironmentState, revert: Revert) -> str:
    name = state.environment
    left = [
        f'mend what failed, then lift the hold with `reconciler release {name} --reason "<why>"` and commit '
        "a newer version; "
        f"release {revert.release} itself comes back only if somebody lifts its quarantine"
    ]
    if revert.uncleared:
        left.append(f"{len(revert.uncleared)} that the evidence names were not cleared")
    if revert.ran:
        creates = state.applied is not None and (
            state.applied.desired.environment.policy.missed_runs is MissedRuns.CREATE
        )
        then = "created if they are missing" if creates else "told if they are missing"
        left.append(f"runs that were due meanwhile are counted in three minutes, and {then}")
    return f"Left to do: {'; '.join(left)}."


def _evidence(revert: Revert) -> tuple[str, ...]:
    again = (f"{dag_id}: {one} runs again" for dag_id, ids in sorted(revert.cleared.items()) for one in ids)
    return (*revert.failed, *revert.uncleared.values(), *again)

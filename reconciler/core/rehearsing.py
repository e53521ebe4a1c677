"""Going back from a release for a try, and forth again: two ordinary commits, and what they show.

What counts is what both attempts did; the commits' subjects only say that it was meant as a try.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.findings import News
from reconciler.core.verification.bake import stable_list
from reconciler.model.reason import Phase, Reason
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState, Operation
from reconciler.model.watch import Judgement, Rehearsal, Stable

REMEMBERED = 20
"""Rehearsals of one environment, the newest."""


def back(environment: str, release: ReleaseId) -> str:
    """The subject of the commit that goes back from a release."""
    return f"{_tried(environment)}back from release {release}"


def forth(environment: str, release: ReleaseId) -> str:
    """The subject of the commit that goes to it again."""
    return f"{_tried(environment)}forth to release {release}"


def is_try(environment: str, subject: str) -> bool:
    """Does a commit say that it is one of these?"""
    return subject.startswith(_tried(environment))


def _tried(environment: str) -> str:
    return f"Rehearse {environment}: "


def message(subject: str, release: ReleaseId) -> str:
    """A commit's message; the trailer is for people and their tools."""
    return f"{subject}\n\nRehearses: {release}\n"


def last_stable(state: EnvironmentState, release: ReleaseId) -> Stable | None:
    """What would be gone back to: the newest Stable release other than this one that was not taken back."""
    holds = state.accepted.desired.holds.quarantine if state.accepted is not None else ()
    bad = state.condemned | {one.release for one in holds} | {release}
    return next((one for one in state.stable if one.release not in bad), None)


def may_be_forth(state: EnvironmentState) -> bool:
    """Did an attempt end well that may be the second half of a rehearsal, and was not remembered yet?"""
    last = state.operation
    if last is None or last.phase is not Phase.SUCCEEDED or last.finished_at is None:
        return False
    known = any(one.release == last.release and one.at == last.finished_at for one in state.rehearsals)
    return not known and last.subject == forth(state.environment, last.release)


def measured(state: EnvironmentState, operations: Sequence[Operation]) -> Rehearsal | None:
    """What the newest two of ``operations`` show, if they are a rehearsal: seconds from found to live."""
    last = state.operation
    if last is None or not may_be_forth(state):
        return None
    first = next((one for one in operations if one.attempt == last.attempt - 1), None)
    if (
        first is None
        or first.phase is not Phase.SUCCEEDED
        or first.release == last.release
        or first.subject != back(state.environment, last.release)
    ):
        return None
    seconds = [_seconds(one) for one in (first, last)]
    return Rehearsal(
        release=last.release,
        to=first.release,
        at=last.finished_at or last.started_at,
        back_seconds=seconds[0],
        forth_seconds=seconds[1],
    )


def _seconds(operation: Operation) -> float:
    ended = operation.finished_at or operation.started_at
    return (ended - operation.started_at).total_seconds()


def remembering(state: EnvironmentState, new: Rehearsal) -> EnvironmentState:
    """The state with one more, newest first. What was Stable and well before it is Stable as it was."""
    update = _stable_again(state, new) | {"rehearsals": (new, *state.rehearsals)[:REMEMBERED]}
    return state.model_copy(update=update)


def _stable_again(state: EnvironmentState, new: Rehearsal) -> dict[str, object]:
    """A subject is anybody's to write: by it nothing is gained that was not so before somebody went back."""
    left, watch = state.left, state.watch
    if left is None or watch is None or watch.outcome is Judgement.FAILED:
        return {}
    if {left.release, watch.release} != {new.release}:
        return {}
    ran = {dag_id: max(left.ran.get(dag_id, 0), watch.ran.get(dag_id, 0)) for dag_id in watch.touched}
    was = {"stable_at": left.stable_at, "verified_at": left.verified_at, "ran": ran}
    again = watch.model_copy(update=was)
    return {"watch": again, "stable": stable_list(state, again), "left": None}


def told(environment: str, new: Rehearsal) -> News:
    """That it was tried, and how long it took."""
    message = (
        f"Going back from release {new.release} in {environment} was tried: {new.to} was live again after "
        f"{new.back_seconds:.0f} s, and {new.release} after another {new.forth_seconds:.0f} s."
    )
    return News(reason=Reason.REHEARSED, message=message)

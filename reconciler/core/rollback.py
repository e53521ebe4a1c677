"""Recognises a rollback by what it asks for, never by a message's text, and says what it condemns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.model.plan import Change
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Judgement, Watch

REMEMBERED = 50
"""Releases of which it is known that they were here; more than two weeks of releases."""


def condemned_by(state: EnvironmentState, release: str) -> frozenset[str]:
    """The releases that no run may use once ``release`` is live.

    Asking for a release that was here before the newest one is a rollback: it condemns all that were begun
    after it. Asking for a condemned release takes that back.
    """
    if release in state.condemned:
        return state.condemned - {release}
    if release not in state.past:
        return state.condemned
    return state.condemned | set(state.past[: state.past.index(release)])


def begun(state: EnvironmentState, release: str) -> EnvironmentState:
    """Remember that a release is begun, what that condemns, and whether it is gone back to."""
    if state.past and state.past[0] == release:
        return state
    past = (release, *(one for one in state.past if one != release))[:REMEMBERED]
    condemned = condemned_by(state, release).intersection(past)
    update = {
        "past": past,
        "condemned": condemned,
        "was_live": state.was_live.intersection(past) - condemned,
        "going_back": goes_back(state, release),
        "left": _left(state, release),
    }
    return state.model_copy(update=update)


def _left(state: EnvironmentState, release: str) -> Watch | None:
    """What was Stable and well when it was gone back from: now, or before ``release`` brings it again."""
    if state.left is not None and state.left.release == release:
        return state.left
    watch = state.watch
    good = watch is not None and watch.stable_at is not None and watch.outcome is not Judgement.FAILED
    return watch if good and goes_back(state, release) else None


def arrived(state: EnvironmentState, release: str) -> EnvironmentState:
    """Remember that a release is live as a whole. If it was gone back to, that is over."""
    good = {release} - quarantined(state)
    return state.model_copy(update={"was_live": state.was_live | good, "going_back": False})


def goes_back(state: EnvironmentState, release: str) -> bool:
    """Is going to ``release`` a rollback, from its first tick until it is live as a whole?

    Only to what was live as a whole before: what merely waited here, or failed, is a change like any other.
    To revert a revert is none, and neither is to go to what is quarantined.
    """
    if release in quarantined(state):
        return False
    if state.past and state.past[0] == release:
        return state.going_back
    return release in state.was_live


def forward(
    state: EnvironmentState, release: str, changes: Sequence[Change], condemned: Collection[ReleaseId]
) -> tuple[Change, ...]:
    """The changes that are no part of a rollback; of one, those of DAGs that a pin kept on older code."""
    back = goes_back(state, release)
    return tuple(
        one for one in changes if not (back and (one.from_release is None or one.from_release in condemned))
    )


def quarantined(state: EnvironmentState) -> frozenset[ReleaseId]:
    """The releases that the commit in force keeps out."""
    known = state.accepted.desired.holds.quarantine if state.accepted is not None else ()
    return frozenset(one.release for one in known)

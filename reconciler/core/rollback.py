"""Recognises a rollback by what it asks for, never by a message's text, and says what it condemns."""

from __future__ import annotations

from reconciler.model.state import EnvironmentState

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
    """Remember that a release is begun, and what that condemns."""
    if state.past and state.past[0] == release:
        return state
    past = (release, *(one for one in state.past if one != release))[:REMEMBERED]
    condemned = condemned_by(state, release).intersection(past)
    return state.model_copy(update={"past": past, "condemned": condemned})


def goes_back(state: EnvironmentState, release: str) -> bool:
    """Is going to ``release`` a rollback, from its first tick to its last? To revert a revert is none."""
    if release not in state.past or release in state.condemned:
        return False
    newest, *before = state.past
    return newest != release or (bool(before) and before[0] in state.condemned)

"""Recognises a rollback by what it asks for, never by a message's text, and says what it condemns."""

from __future__ import annotations

from reconciler.model.state import EnvironmentState, PastRelease

REMEMBERED = 50
"""Releases of which it is known that they were live once; more than two weeks of releases."""


def condemned_by(state: EnvironmentState, release: str) -> frozenset[str]:
    """The releases that no run may use once ``release`` is live.

    Asking for a release that was live as a whole before the newest one is a rollback: it condemns all that
    were begun after it. Asking for a condemned release takes that back.
    """
    if release in state.condemned:
        return state.condemned - {release}
    newer: set[str] = set()
    for past in state.past:
        if past.release == release:
            return state.condemned | (newer if past.succeeded else set())
        newer.add(past.release)
    return state.condemned


def begun(state: EnvironmentState, release: str) -> EnvironmentState:
    """Remember that a release is begun, and what that condemns."""
    if state.past and state.past[0].release == release:
        return state
    again = next((past for past in state.past if past.release == release), PastRelease(release=release))
    others = [past for past in state.past if past.release != release]
    past = (again, *others)[:REMEMBERED]
    known = {one.release for one in past}
    condemned = condemned_by(state, release) & known
    return state.model_copy(update={"past": past, "condemned": condemned})


def succeeded(state: EnvironmentState, release: str) -> EnvironmentState:
    """Remember that a release is live as a whole, and was seen to be."""
    past = tuple(
        one.model_copy(update={"succeeded": True}) if one.release == release else one for one in state.past
    )
    return state if past == state.past else state.model_copy(update={"past": past})

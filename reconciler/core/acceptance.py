"""What was accepted last, and what was made live as a whole last: how a state remembers commits."""

from __future__ import annotations

from reconciler.core.approvals import losing, rules
from reconciler.model.state import Applied, EnvironmentState


def accept(state: EnvironmentState, now: Applied, attempted: str) -> EnvironmentState:
    """Remember that a commit is begun; ``attempted`` is the one that was looked at for it."""
    before = state.accepted
    if before is not None and _is_same(before, now):
        return state
    changes = state.changes + (before is None or _needs_approval(before, now))
    # What was quarantined once is not gone back to without a second look, also when that is lifted again.
    bad = {one.release for one in now.desired.holds.quarantine}
    update = {
        "accepted": now,
        "changes": changes,
        "last_attempted_revision": attempted,
        "was_live": state.was_live - bad,
    }
    return state.model_copy(update=update)


def apply(state: EnvironmentState, now: Applied, attempted: str) -> EnvironmentState:
    """Remember that a commit is live as a whole."""
    if state.applied is not None and _is_same(state.applied, now):
        return state
    return accept(state.model_copy(update={"applied": now}), now, attempted)


def _is_same(one: Applied, other: Applied) -> bool:
    """One commit, which says the same: what it holds may be another's."""
    before, after = ((it.revision, it.pointer_of, it.release, it.desired) for it in (one, other))
    return before == after


def _needs_approval(one: Applied, other: Applied) -> bool:
    """Do they differ in more than in what is held?"""
    before, after = ((it.release, rules(it.desired), losing(it.desired)) for it in (one, other))
    return before != after

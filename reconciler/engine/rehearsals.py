"""Remembers that going back from a release was tried here, and how long it took."""

from __future__ import annotations

import contextlib

from reconciler.core.findings import event_of
from reconciler.core.rehearsing import may_be_forth, measured, remembering, told
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient

_FEW = 5
"""Attempts among which the one before is looked for."""


def remember_rehearsal(world: World, session: Session) -> None:
    """After a tick: if it ended the second half of a rehearsal, write down what it took, once."""
    state = session.state
    if not may_be_forth(state):
        return
    with contextlib.suppress(Transient, Terminal):
        new = measured(state, world.store.operations(state.environment, _FEW))
        if new is not None:
            event = event_of(told(state.environment, new), state, state.last_attempted_revision)
            session.commit(remembering(state, new), events=(event,))

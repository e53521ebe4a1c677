"""Taking an environment's lease from those who have it for a moment only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reconciler.engine.world import World
from reconciler.model.errors import Conflict
from reconciler.model.lease import Lease

_PAUSE_SECONDS = 0.5


def acquired(
    world: World, environment: str, patience: timedelta, needless: Callable[[], bool] = lambda: False
) -> Lease:
    """The lease, as soon as it is free. ``Conflict`` if it is not within so long, or ``needless`` by then."""
    until = world.clock.now() + patience
    while True:
        try:
            return world.store.acquire(environment, world.holder, world.time.lease_seconds)
        except Conflict:
            if world.clock.now() >= until or needless():
                raise
        world.clock.sleep(_PAUSE_SECONDS)

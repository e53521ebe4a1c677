"""One tick's hold on one environment: its lease, its state as last committed, and what is on the bus."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.core import rules_change
from reconciler.core.findings import Finding, observe
from reconciler.engine.world import World
from reconciler.model.event import EventDraft
from reconciler.model.lease import Lease
from reconciler.model.state import Changes, EnvironmentState, StepRecord

PUBLISH_BATCH = 100


class Session:
    """Holds the state between commits. Every commit is one transaction under the lease's token."""

    def __init__(self, world: World, lease: Lease, state: EnvironmentState) -> None:
        self._world = world
        self._lease = lease
        self.state = state
        self.began_at = world.clock.now()
        self._ends_at = self.began_at + timedelta(seconds=world.time.work_seconds)

    @property
    def now(self) -> datetime:
        """The current time, UTC."""
        return self._world.clock.now()

    @property
    def lease_ends_at(self) -> datetime:
        """When another tick may take over; nothing outside may be changed from then on (UTC)."""
        return self._lease.expires_at

    @property
    def over(self) -> bool:
        """Is the tick's working time used up? What is left is the next one's."""
        return self.now >= self._ends_at

    def sleep_until(self, until: datetime) -> bool:
        """Wait within the tick's working time. False, at once, if ``until`` lies beyond it."""
        if until >= self._ends_at:
            return False
        self._world.clock.sleep(max(0.0, (until - self.now).total_seconds()))
        return True

    def commit(
        self, state: EnvironmentState, steps: Sequence[StepRecord] = (), events: Sequence[EventDraft] = ()
    ) -> None:
        """Make a new state the truth. ``Conflict`` if the lease was lost: then nothing was written.

        Rules that come into force with it are told, whatever made them so.
        """
        if state == self.state and not steps and not events:
            return
        events = (*rules_change.told(self.state, state), *events)
        handled = state.model_copy(update={"last_handled_at": self.now})
        changes = Changes(state=handled, steps=tuple(steps), events=tuple(events))
        self.state = self._world.store.commit(self._lease, changes)

    def report(self, finding: Finding, revision: str | None, state: EnvironmentState | None = None) -> None:
        """Set a condition, and tell it if it is news."""
        base = self.state if state is None else state
        after, events = observe(base, finding, revision, self.now)
        self.commit(after, events=events)

    def publish(self) -> None:
        """Put on the bus what is not on it yet: this tick's events, and those of a tick that died."""
        store, state = self._world.store, self.state
        published = state.published_sequence
        while published < state.sequence:
            events = store.events(state.environment, published, PUBLISH_BATCH)
            if not events:
                return
            self._world.bus.publish(events)
            published = events[-1].sequence
            store.mark_published(state.environment, published)
        self.state = state.model_copy(update={"published_sequence": published})

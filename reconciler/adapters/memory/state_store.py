"""The state store's twin: leases, states, journal and events in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.adapters.memory.clock import MemoryClock
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.adapters.transaction_size import check_size
from reconciler.core.chain import link
from reconciler.model.errors import Conflict
from reconciler.model.event import Event, EventDraft
from reconciler.model.lease import Lease
from reconciler.model.state import Changes, EnvironmentState, Operation, StepRecord
from reconciler.ports import Clock


@dataclass
class _Memory:
    state: EnvironmentState
    lease: Lease | None = None
    tokens: int = 0
    ticked_at: datetime | None = None
    operations: dict[int, Operation] = field(default_factory=dict)
    steps: dict[tuple[int, int], StepRecord] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class MemoryStateStore(Twin):
    """A state store in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or MemoryClock()
        self._memories: dict[str, _Memory] = {}

    @port_call
    def acquire(self, environment: str, holder: str, ttl_seconds: float) -> Lease:
        """See ``ports.StateStore``."""
        memory, now = self._memory(environment), self._clock.now()
        held = memory.lease
        if held is not None and held.expires_at > now and held.holder != holder:
            raise Conflict(
                f"{held.holder} holds the lease of {environment} until {held.expires_at.isoformat()}.",
                "It is looked at again.",
            )
        memory.tokens += 1
        memory.lease = Lease(
            environment=environment,
            holder=holder,
            token=memory.tokens,
            expires_at=now + timedelta(seconds=ttl_seconds),
            ticked_at=memory.ticked_at,
        )
        return memory.lease

    @port_call
    def release(self, lease: Lease, *, ticked: bool = False) -> None:
        """See ``ports.StateStore``."""
        memory = self._memory(lease.environment)
        if _same(memory.lease, lease):
            memory.lease = None
            memory.ticked_at = self._clock.now() if ticked else memory.ticked_at

    @port_call
    def load(self, environment: str) -> EnvironmentState:
        """See ``ports.StateStore``."""
        return self._memory(environment).state

    @port_call
    def commit(self, lease: Lease, changes: Changes) -> EnvironmentState:
        """See ``ports.StateStore``. The store owns ``sequence``, ``chain_hash``, ``published_sequence``."""
        check_size(changes)
        memory = self._memory(lease.environment)
        if not _same(memory.lease, lease):
            raise Conflict(
                f"The lease {lease.token} of {lease.environment} is not the newest any more.",
                "Nothing was written; whoever holds the lease goes on.",
            )
        kept = {"published_sequence": memory.state.published_sequence}
        self._add(memory, changes.state.model_copy(update=kept), changes.events)
        if changes.state.operation is not None:
            memory.operations[changes.state.operation.attempt] = changes.state.operation
        memory.steps.update({(step.attempt, step.number): step for step in changes.steps})
        return memory.state

    @port_call
    def append(self, environment: str, event: EventDraft) -> Event:
        """See ``ports.StateStore``."""
        memory = self._memory(environment)
        return self._add(memory, memory.state, (event,))[0]

    @port_call
    def mark_published(self, environment: str, sequence: int) -> None:
        """See ``ports.StateStore``."""
        memory = self._memory(environment)
        newest = max(memory.state.published_sequence, sequence)
        memory.state = memory.state.model_copy(update={"published_sequence": newest})

    @port_call
    def events(self, environment: str, after: int, limit: int) -> Sequence[Event]:
        """See ``ports.StateStore``."""
        later = [event for event in self._memory(environment).events if event.sequence > after]
        return tuple(later[:limit])

    @port_call
    def operations(self, environment: str, limit: int) -> Sequence[Operation]:
        """See ``ports.StateStore``."""
        kept = self._memory(environment).operations
        return tuple(kept[attempt] for attempt in sorted(kept, reverse=True)[:limit])

    @port_call
    def steps(self, environment: str, attempt: int) -> Sequence[StepRecord]:
        """See ``ports.StateStore``."""
        kept = self._memory(environment).steps
        return tuple(kept[key] for key in sorted(kept) if key[0] == attempt)

    def _memory(self, environment: str) -> _Memory:
        empty = _Memory(EnvironmentState(environment=environment))
        return self._memories.setdefault(environment, empty)

    def _add(
        self, memory: _Memory, state: EnvironmentState, drafts: Sequence[EventDraft]
    ) -> tuple[Event, ...]:
        """Write a state and the events that follow the newest one stored."""
        sequence, chain_hash = memory.state.sequence, memory.state.chain_hash
        events = link(sequence, chain_hash, drafts, state.environment, self._clock.now())
        if events:
            sequence, chain_hash = events[-1].sequence, events[-1].hash
        memory.state = state.model_copy(update={"sequence": sequence, "chain_hash": chain_hash})
        memory.events.extend(events)
        return events


def _same(newest: Lease | None, lease: Lease) -> bool:
    return newest is not None and (newest.token, newest.holder) == (lease.token, lease.holder)

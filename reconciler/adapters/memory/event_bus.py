"""The event bus's twin: keeps what was published."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.event import Event


class MemoryEventBus(Twin):
    """``published`` are all events in the order of their delivery, repeats included."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Event] = []

    @port_call
    def publish(self, events: Sequence[Event]) -> None:
        """See ``ports.EventBus``."""
        self.published.extend(events)

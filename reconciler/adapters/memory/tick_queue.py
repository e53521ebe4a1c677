"""The tick queue's twin: asks in order, repeats within five minutes dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.adapters.memory.clock import MemoryClock
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.reason import TriggeredBy
from reconciler.ports import Clock

DEDUPLICATION = timedelta(minutes=5)


@dataclass(frozen=True)
class Asked:
    """One ask for a tick."""

    environment: str
    triggered_by: TriggeredBy
    hint: str


class MemoryTickQueue(Twin):
    """``asked`` are the asks that a consumer would receive, oldest first."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or MemoryClock()
        self._seen: dict[tuple[str, str], datetime] = {}
        self.asked: list[Asked] = []

    @port_call
    def request(self, environment: str, triggered_by: TriggeredBy, hint: str, dedup: str) -> None:
        """See ``ports.TickQueue``."""
        now, key = self._clock.now(), (environment, dedup)
        if key in self._seen and now - self._seen[key] < DEDUPLICATION:
            return
        self._seen[key] = now
        self.asked.append(Asked(environment, triggered_by, hint))

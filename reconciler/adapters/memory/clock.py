"""The clock's twin: time stands still until somebody sleeps or a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.adapters.memory.failures import Twin, port_call

EPOCH = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


class MemoryClock(Twin):
    """A clock that begins at ``at`` (aware, UTC). ``slept`` are all sleeps, in seconds."""

    def __init__(self, at: datetime = EPOCH) -> None:
        super().__init__()
        self._now = at
        self.slept: list[float] = []

    @port_call
    def now(self) -> datetime:
        """See ``ports.Clock``."""
        return self._now

    @port_call
    def sleep(self, seconds: float) -> None:
        """See ``ports.Clock``: time moves on at once."""
        self.slept.append(seconds)
        self._now += timedelta(seconds=max(seconds, 0.0))

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

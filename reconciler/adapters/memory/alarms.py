"""The alarms' twin: alarms that a test turns, with all that they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.adapters.memory.clock import MemoryClock
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.ports import Clock


class MemoryAlarms(Twin):
    """Alarms by name, each with its changes, oldest first."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or MemoryClock()
        self.windows: dict[str, timedelta | None] = {}
        self._changes: dict[str, list[Alarm]] = {}

    @port_call
    def find(self, name: str) -> Alarm | None:
        """See ``ports.Alarms``."""
        return self._changes[name][-1] if name in self._changes else None

    @port_call
    def ringing(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """See ``ports.Alarms``."""
        newest = (self._changes[name][-1] for name in names if name in self._changes)
        return tuple(alarm for alarm in newest if alarm.value is AlarmValue.ALARM)

    @port_call
    def value_at(self, name: str, at: datetime) -> AlarmValue | None:
        """See ``ports.Alarms``."""
        values = [alarm.value for alarm in self._changes.get(name, ()) if alarm.since <= at]
        return values[-1] if values else None

    @port_call
    def window(self, name: str) -> timedelta | None:
        """See ``ports.Alarms``: of those that have none in ``windows`` a minute."""
        return self.windows.get(name, timedelta(minutes=1))

    def turn(self, name: str, value: AlarmValue, reason: str = "", at: datetime | None = None) -> Alarm:
        """Let an alarm have a value from now on, or from ``at``; made if there is none of that name."""
        alarm = Alarm(name=name, value=value, since=at or self._clock.now(), reason=reason)
        self._changes.setdefault(name, []).append(alarm)
        return alarm

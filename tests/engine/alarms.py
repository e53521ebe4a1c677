"""Alarms that a test turns."""

from __future__ import annotations

from datetime import datetime

from reconciler.adapters.memory import MemoryClock
from reconciler.model.alarm import Alarm, AlarmValue


class Alarms:
    """``ports.Alarms``, by name, each with all that it was."""

    def __init__(self, clock: MemoryClock) -> None:
        self._clock = clock
        self._changes: dict[str, list[Alarm]] = {}

    def find(self, name: str) -> Alarm | None:
        """See ``ports.Alarms``."""
        return self._changes[name][-1] if name in self._changes else None

    def value_at(self, name: str, at: datetime) -> AlarmValue | None:
        """See ``ports.Alarms``."""
        values = [alarm.value for alarm in self._changes.get(name, ()) if alarm.since <= at]
        return values[-1] if values else None

    def turn(self, name: str, value: AlarmValue, reason: str = "") -> Alarm:
        """Let an alarm have a value from now on."""
        alarm = Alarm(name=name, value=value, since=self._clock.now(), reason=reason)
        self._changes.setdefault(name, []).append(alarm)
        return alarm

"""Which changes of an alarm are the same one, whatever way they were told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from reconciler.model.alarm import Alarm, AlarmChange

_ALIKE = timedelta(seconds=1)
"""Each way of telling has its own precision; no alarm changes twice in that time."""


def is_copy(change: AlarmChange, known: Collection[str]) -> bool:
    """Is a change one of those whose identities are known?"""
    return change.identity in known or any(_same(change, identity) for identity in known)


def as_change(alarm: Alarm) -> AlarmChange:
    """What somebody would have told of an alarm that went off."""
    return AlarmChange(name=alarm.name, value=alarm.value, at=alarm.since, reason=alarm.reason)


def _same(change: AlarmChange, identity: str) -> bool:
    name, _, at = identity.rpartition("@")
    return name == change.name and abs(datetime.fromisoformat(at) - change.at) < _ALIKE

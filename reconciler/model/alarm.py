"""Alarms of CloudWatch, as they are and as they are told of: an event, a direct call, or a message of SNS."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from reconciler.model.value import Value


class AlarmValue(StrEnum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Alarm(Value):
    """An alarm as it is: ``since`` when (UTC) it has this value, and why, in its own words."""

    name: str
    value: AlarmValue
    since: datetime
    reason: str = ""
    description: str = ""


class AlarmChange(Value):
    """One change of an alarm, as somebody told us. ``before`` is what it was, where that was told.

    ``identity``: equal for copies of one change, whatever way they came.
    """

    name: str
    arn: str = ""
    value: AlarmValue
    before: AlarmValue | None = None
    at: datetime
    reason: str = ""

    @property
    def identity(self) -> str:
        """Name and moment of the change."""
        return f"{self.name}@{self.at.isoformat()}"

"""CloudWatch's alarms, single and composite: as they are, and as they were. Called by who judges an alarm.

CloudWatch keeps 30 days of an alarm's history. To see composite alarms it asks for permissions on ``*``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.adapters.aws_errors import translated
from reconciler.model.alarm import Alarm, AlarmValue

_KINDS = ["MetricAlarm", "CompositeAlarm"]
_AT_ONCE, _DEPTH = 100, 3
_IN_RULE = re.compile(r"""(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|'([^']+)'|([^)"'\s]+))\s*\)""")


class CloudWatchAlarms:
    """The alarms of the account, in one region; ``client`` is boto3's of CloudWatch."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, name: str) -> Alarm | None:
        """See ``ports.Alarms``."""
        rows = self._rows([name])
        return _alarm(rows[0]) if rows else None

    def ringing(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """See ``ports.Alarms``."""
        alarms = (_alarm(row) for row in self._rows(names))
        return tuple(alarm for alarm in alarms if alarm.value is AlarmValue.ALARM)

    def value_at(self, name: str, at: datetime) -> AlarmValue | None:
        """See ``ports.Alarms``: the newest change before, or what the first one after it changed."""
        before = self._change(name, "TimestampDescending", EndDate=at)
        if before is not None:
            return _value(before, "newState")
        after = self._change(name, "TimestampAscending", StartDate=at)
        if after is not None:
            return _value(after, "oldState")
        alarm = self.find(name)
        return alarm.value if alarm is not None and alarm.since <= at else None

    def window(self, name: str) -> timedelta | None:
        """See ``ports.Alarms``. Rules of rules are followed only so deep, and to so many alarms."""
        names, found = {name}, set[timedelta | None]()
        for _ in range(_DEPTH):
            rows = self._rows(sorted(names)) if names else []
            found |= {_window(row) for row in rows if "AlarmRule" not in row}
            names = {one for row in rows for one in _in_rule(row.get("AlarmRule", ""))}
            if len(names) > _AT_ONCE:
                return None
        known = [one for one in found if one is not None]
        return max(known) if known and len(known) == len(found) and not names else None

    def _rows(self, names: Sequence[str]) -> list[Any]:
        with translated("cloudwatch:DescribeAlarms", f"the alarm {', '.join(names)}"):
            said = self._client.describe_alarms(
                AlarmNames=list(names), AlarmTypes=_KINDS, MaxRecords=_AT_ONCE
            )
        return [*said.get("MetricAlarms", ()), *said.get("CompositeAlarms", ())]

    def _change(self, name: str, order: str, **window: datetime) -> Any | None:
        with translated("cloudwatch:DescribeAlarmHistory", f"the alarm {name}"):
            said = self._client.describe_alarm_history(
                AlarmName=name,
                AlarmTypes=_KINDS,
                HistoryItemType="StateUpdate",
                ScanBy=order,
                MaxRecords=1,
                **window,
            )
        rows = said.get("AlarmHistoryItems", ())
        return rows[0] if rows else None


def _alarm(row: Any) -> Alarm:
    # The second one also moves when only the reason changes; it is all that some answers have.
    since: datetime = row.get("StateTransitionedTimestamp") or row["StateUpdatedTimestamp"]
    return Alarm(
        name=row["AlarmName"],
        value=AlarmValue(row["StateValue"]),
        since=since.astimezone(UTC),
        reason=row.get("StateReason") or "",
        description=row.get("AlarmDescription") or "",
    )


def _value(row: Any, which: str) -> AlarmValue | None:
    """One end of a change; None if it is told in no form that is known."""
    try:
        return AlarmValue(json.loads(row["HistoryData"])[which]["stateValue"])
    except (ValueError, KeyError, TypeError):
        return None


def _in_rule(rule: str) -> set[str]:
    """The alarms that a composite one names; by name or by ARN, of which that is the end."""
    names = ("".join(found) for found in _IN_RULE.findall(rule))
    return {name.split(":alarm:", 1)[-1] if name.startswith("arn:") else name for name in names}


def _window(row: Any) -> timedelta | None:
    """So far back a single alarm looks; of several metrics the slowest counts."""
    metrics = row.get("Metrics", ())
    periods = [row.get("Period"), *(one.get("Period") for one in metrics)]
    periods += [one["MetricStat"].get("Period") for one in metrics if "MetricStat" in one]
    longest, times = max((one for one in periods if one), default=0), row.get("EvaluationPeriods", 0)
    return timedelta(seconds=longest * times) if longest and times else None

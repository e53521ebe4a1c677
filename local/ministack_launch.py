"""Starts the AWS emulator (ministack 1.5.33) with five repairs. Run by the emulator's own interpreter.

Started by `local.aws`. The repairs touch private names, so each is asserted to exist: an upgrade that moves
one fails at once instead of quietly losing a repair. Without them
- a FIFO queue feeds one batch at a time to a function, where AWS runs one per message group;
- schedules are looked at every 10 s, so a rate of a minute fires up to 10 s late;
- an alarm takes every metric of its name, whatever the dimensions: one queue's dead letters would ring
  another's alarm;
- an alarm that changes is no event on the default bus;
- a template with a composite alarm is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from types import FunctionType
from typing import Any

import ministack.services.lambda_svc as functions
from ministack import app
from ministack.services import cloudwatch, eventbridge, scheduler
from ministack.services.cloudformation import provisioners

VERSION = "1.5.33"
TICK_SECONDS = 0.5
FIFO_GROUPS_AT_ONCE = 10


def main() -> None:
    """Repair, then run until told to end."""
    found = version("ministack")
    if found != VERSION:
        raise SystemExit(f"these repairs fit ministack {VERSION}, found {found}: look at each again")
    replace(functions, "_sqs_esm_concurrency", _concurrency)
    replace(scheduler, "_SCHEDULE_TICK_INTERVAL", TICK_SECONDS)
    replace(eventbridge, "_SCHEDULER_TICK_INTERVAL", TICK_SECONDS)
    replace(cloudwatch, "_evaluate_alarm", _by_dimensions(present(cloudwatch, "_evaluate_alarm")))
    replace(cloudwatch, "_record_history", _told(present(cloudwatch, "_record_history")))
    present(provisioners, "_RESOURCE_HANDLERS")["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _composite,
        "delete": lambda name, _: present(cloudwatch, "_composite_alarms").pop(name, None),
    }
    app.main()


def present(module: Any, name: str) -> Any:
    """A private name that has to be there."""
    if not hasattr(module, name):
        raise SystemExit(f"ministack has no {module.__name__}.{name} any more: look at this repair again")
    return getattr(module, name)


def replace(module: Any, name: str, value: Any) -> None:
    """Put `value` in the place of a private name that has to be there."""
    present(module, name)
    setattr(module, name, value)


def _concurrency(mapping: dict[str, Any], *_: Any, **__: Any) -> int:
    return (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or FIFO_GROUPS_AT_ONCE


def _by_dimensions(evaluate: FunctionType) -> Callable[[dict[str, Any]], None]:
    """Show an alarm only the series that has its own dimensions.

    The original runs with globals of its own, so that other threads still see all the metrics.
    """
    metrics, key = present(cloudwatch, "_metrics"), present(cloudwatch, "_dims_key")

    def repaired(alarm: dict[str, Any]) -> None:
        dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
        seen = {**vars(cloudwatch), "_metrics": _Series(metrics, key(dimensions))}
        FunctionType(evaluate.__code__, seen)(alarm)

    return repaired


class _Series:
    """The metrics whose dimensions are `key`, as far as an evaluation looks at them."""

    def __init__(self, everything: Any, key: str) -> None:
        self.everything, self.key = everything, key

    def items(self) -> Iterator[tuple[Any, Any]]:
        return iter([(name, points) for name, points in self.everything.items() if name[2] == self.key])


def _composite(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    """Made as by PutCompositeAlarm, which takes the properties by the same names."""
    name = str(properties.get("AlarmName") or f"{stack}-{logical_id}")
    put = present(cloudwatch, "_put_composite_alarm")
    status, _, body = put({}, {**properties, "AlarmName": name}, False, True)
    if status != 200:
        raise ValueError(body)
    return name, {"Arn": str(present(cloudwatch, "_composite_alarms")[name]["AlarmArn"])}


def _told(record: Callable[..., None]) -> Callable[..., None]:
    """Each change that the history notes is put on the default bus, in AWS's words.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    put = present(eventbridge, "_put_events")

    def repaired(name: str, before: str, now: str, reason: str, *more: Any, **named: Any) -> None:
        record(name, before, now, reason, *more, **named)
        single, composite = present(cloudwatch, "_alarms"), present(cloudwatch, "_composite_alarms")
        alarm = single.get(name) or composite[name]
        event = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Resources": [alarm["AlarmArn"]],
            "Detail": json.dumps(_detail(alarm, before, now, reason)),
        }
        put({"Entries": [event]}, allow_aws_source=True)

    return repaired


def _detail(alarm: dict[str, Any], before: str, now: str, reason: str) -> dict[str, Any]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    state = {"value": now, "reason": reason, "reasonData": "{}", "timestamp": at}
    configuration: dict[str, Any] = {"description": alarm.get("AlarmDescription") or ""}
    if "AlarmRule" in alarm:
        configuration["alarmRule"] = alarm["AlarmRule"]
    else:
        dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
        metric = {"namespace": alarm["Namespace"], "name": alarm["MetricName"], "dimensions": dimensions}
        stat = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
        configuration["metrics"] = [{"id": "m1", "metricStat": stat, "returnData": True}]
    return {
        "alarmName": alarm["AlarmName"],
        "state": state,
        "previousState": {"value": before, "reason": "", "timestamp": at},
        "configuration": configuration,
    }


if __name__ == "__main__":
    main()

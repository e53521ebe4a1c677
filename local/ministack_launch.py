"""Starts the AWS emulator (ministack 1.5.33) with three repairs. Run by the emulator's own interpreter.

Started by `local.aws`. The repairs touch private names, so each is asserted to exist: an upgrade that moves
one fails at once instead of quietly losing a repair. Without them
- a FIFO queue feeds one batch at a time to a function, where AWS runs one per message group;
- schedules are looked at every 10 s, so a rate of a minute fires up to 10 s late;
- an alarm takes every metric of its name, whatever the dimensions: one queue's dead letters would ring
  another's alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import FunctionType
from typing import Any

import ministack.services.lambda_svc as functions
from ministack import app
from ministack.services import cloudwatch, eventbridge, scheduler

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


def _dims_key(module: Any) -> None:
    for name in ("_dims_key", "_metrics"):
        replace(module, name, getattr(module, name, None))


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


if __name__ == "__main__":
    main()

"""How many minutes it takes until a fault is seen, by its kind; looked at each minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.model.health import SignalName
from tests.health.looking import BY_NAME, Looking
from tests.health.simulated import DAY, EPOCH, HOUR, MINUTE, Fault, Platform

FLIP = EPOCH + 200 * DAY + 10 * HOUR + 1 * MINUTE
OFTEN, SELDOM = "stream_a", "daily_a"

SIGNALS = {
    Fault.IMPORT_ERROR: SignalName.IMPORT_ERRORS,
    Fault.LOST_DAG: SignalName.DAGS_PRESENT,
    Fault.RUN_FAILS: SignalName.FAILED_RUNS,
    Fault.RETRIES: SignalName.FAILED_TASKS,
    Fault.MISSED_RUN: SignalName.MISSED_RUNS,
    Fault.DEAD_SCHEDULER: SignalName.SCHEDULER,
    Fault.DEAD_DAG_PROCESSOR: SignalName.DAG_PROCESSOR,
    Fault.DATA_TEST: SignalName.DATA_TESTS,
    Fault.ROWS: SignalName.VOLUME,
    Fault.NULLS: SignalName.NULL_RATE,
    Fault.STALE: SignalName.FRESHNESS,
    Fault.SLOW: SignalName.SLOW_RUNS,
}
"""Which signal is the right one for each fault."""

BY_RUNS = (Fault.RUN_FAILS, Fault.RETRIES, Fault.DATA_TEST, Fault.ROWS, Fault.NULLS, Fault.SLOW)
"""What shows in a run: of a DAG that runs seldom, from when the first one ends."""


@dataclass(frozen=True)
class Detected:
    """After how many minutes which signals failed, and whether the release did; None: never."""

    minutes: float | None
    signals: tuple[SignalName, ...]
    condemned: bool


def detect(fault: Fault, dag: str, seed: int, most: timedelta) -> Detected:
    """From the flip on, for a release with this fault in one DAG."""
    platform = Platform(seed, fault, frozenset({dag}), FLIP)
    looking = Looking(platform, FLIP, frozenset({dag}), blips=False)
    right, minute = SIGNALS.get(fault), 0
    start = _first_end(platform, dag) if dag == SELDOM and fault in BY_RUNS else FLIP
    at = start
    while at < start + most:
        minute += 1
        at = start + minute * MINUTE
        looking.look(at)
        if right in looking.failing():
            failed = looking.watch.failed_at is not None
            return Detected((at - start) / MINUTE, tuple(looking.failing()), failed)
    return Detected(None, tuple(looking.failing()), looking.watch.failed_at is not None)


def _first_end(platform: Platform, name: str) -> datetime:
    """When the first run on the release ends, on the minute before."""
    first = platform.ran(BY_NAME[name], FLIP, FLIP + 2 * DAY)[0]
    return first.ended.replace(second=0, microsecond=0)

"""Takes one deployment apart: how long each part of the way from the push to verified took. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.state import Operation, StepRecord

PARTS: Mapping[str, str] = {
    "tick": "push → the tick begins (webhook, queue, function)",
    "planned": "→ planned (Git, artifact store, state, Airflow's runs)",
    "put": "→ the release is in the bucket",
    "copied": "→ what must be everywhere before the flip is (loader, new DAGs)",
    "flipped": "→ all pointers are written",
    "arrived": "→ they are in the dag-processor's folder",
    "due": "→ the release is due (`since`)",
    "live": "→ Airflow has parsed every DAG",
    "verified": "afterwards: seen, un-paused where it was fenced, recorded as live",
}
"""Part -> what it is, in the order in which they end."""


@dataclass(frozen=True)
class Watched:
    """Moments that were seen from outside (Unix). `tick` None: it was not seen to begin."""

    pushed: float
    tick: float | None
    arrived: float
    live: float


def parts(
    watched: Watched, operation: Operation, steps: Sequence[StepRecord], due: datetime
) -> dict[str, float]:
    """Seconds of each part. One that ended before the part before it did took no time of its own."""
    ends = {**_journalled(operation, steps), "arrived": watched.arrived, "live": watched.live}
    ends["due"] = due.timestamp()
    if watched.tick is not None:
        ends["tick"] = watched.tick
    found, reached = {}, watched.pushed
    for part in PARTS:
        end = max(reached, ends.get(part, reached))
        found[part] = end - reached
        reached = end
    return found


def _journalled(operation: Operation, steps: Sequence[StepRecord]) -> dict[str, float]:
    puts = [step.finished_at.timestamp() for step in steps if step.kind == "PutRelease" and step.finished_at]
    flips = [step for step in steps if step.kind == "FlipBatch"]
    flipped = [step.finished_at.timestamp() for step in flips if step.finished_at]
    ends = {"planned": operation.started_at.timestamp()}
    if puts:
        ends["put"] = max(puts)
    if flips:
        ends["copied"] = min(step.intended_at.timestamp() for step in flips)
    if flipped:
        ends["flipped"] = max(flipped)
    if operation.finished_at is not None:
        ends["verified"] = operation.finished_at.timestamp()
    return ends

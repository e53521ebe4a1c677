"""One tick in this process: the real engine and real adapters, but for Airflow, whose twin reads a folder.

`python -m benchmarks.tick_process ENVIRONMENT FOLDER`, started by `benchmarks.cloud` with the stack's
variables in its environment. FOLDER is what a container has copied of the bucket. Prints one JSON object: how
the tick ended, its seconds, and what it asked for.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from benchmarks.counting import count_requests, counted
from reconciler import bootstrap
from reconciler.adapters.memory.airflow import Follow, MemoryAirflow
from reconciler.engine.tick import tick
from reconciler.engine.world import World
from reconciler.model.environment import Environment
from reconciler.model.reason import TriggeredBy
from reconciler.ports import DagFolder, Target


@dataclass(frozen=True)
class Copied:
    """A container's copy of the DAG folder, for the twin to parse: what is read of `ports.DagFolder`."""

    root: Path

    def list(self) -> Mapping[str, str]:
        """Every key; etags are not asked for."""
        files = (path for path in self.root.rglob("*") if path.is_file() and not path.name.endswith(".part"))
        return {str(path.relative_to(self.root)): "" for path in files}

    def read(self, key: str) -> bytes | None:
        """A file's body, or None."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None


def main(environment: str, folder: Path) -> None:
    """Tick once and print what it took."""
    calls: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    count_requests(requests)
    world = counted(_on_twin(bootstrap.world(holder="benchmark"), folder), calls)
    began = time.monotonic()
    result = tick(world, environment, TriggeredBy.MANUAL)
    seconds = time.monotonic() - began
    told = {"outcome": result.outcome, "message": result.message, "seconds": seconds}
    print(json.dumps({**told, "calls": dict(calls), "requests": dict(requests)}))


def _on_twin(world: World, folder: Path) -> World:
    airflow = MemoryAirflow(Follow(cast(DagFolder, Copied(folder)), world.clock))

    def target(environment: Environment) -> Target:
        opened: Any = world.target(environment)
        return cast(Target, replace(opened, airflow=airflow))

    return replace(world, target=target)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

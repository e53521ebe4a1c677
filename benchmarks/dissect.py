"""A deployment on our side, watched closely: how long it took as a whole, and in which parts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks import waiting
from benchmarks.environment_files import ENVIRONMENT
from benchmarks.lease_watch import watching
from benchmarks.parts import PARTS, Watched, parts
from benchmarks.reconciled import Reconciled
from benchmarks.result import Cell, Samples, Table


@dataclass(frozen=True)
class Dissected:
    """Seconds from the push until Airflow runs it, and of each part on the way until it is recorded."""

    live: float
    parts: dict[str, float]


def deploy(side: Reconciled, version: str, release: str) -> Dissected:
    """Commit a published version, push, and watch."""
    side.environments.bump(version)
    return _watch(side, lambda: side.push_until(version), release)


def revert(side: Reconciled, version: str, release: str) -> Dissected:
    """Revert the last commit, push, and watch until `version` runs again."""
    side.environments.revert()
    return _watch(side, lambda: side.push_until(version), release)


def table(title: str, columns: dict[str, list[Dissected]]) -> Table:
    """One row per part, one column per kind of deployment."""
    rows: list[tuple[Cell, ...]] = [
        (PARTS[part], *(Samples("s", tuple(one.parts[part] for one in many)) for many in columns.values()))
        for part in PARTS
    ]
    lives = (Samples("s", tuple(one.live for one in many)) for many in columns.values())
    whole: tuple[Cell, ...] = ("**push → live, as a whole**", *lives)
    # What comes last is not waited for: Airflow runs it already.
    return Table(("Part", *columns), (*rows[:-1], whole, rows[-1]), title)


def _watch(side: Reconciled, push: Callable[[], tuple[float, float]], release: str) -> Dissected:
    with ThreadPoolExecutor(max_workers=1) as pool, watching(side.info, ENVIRONMENT) as watch:
        limit = side.timing.limit
        arrives = pool.submit(
            waiting.moment, lambda: side.pointers_arrived(release), limit, "the pointers arrive"
        )
        pushed, live = push()
        arrived = arrives.result()
    operation = side.state.operation
    if operation is None:
        raise AssertionError("a deployment that ended has an operation")
    steps = side.store.steps(ENVIRONMENT, operation.attempt)
    watched = Watched(pushed, watch.first_after(pushed), arrived, live)
    return Dissected(live - pushed, parts(watched, operation, steps, side.due_at()))

"""One race: people, the reconciler's ticks and the simulated Airflow, all in one simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from reconciler.adapters.memory import (
    MemoryArtifactStore,
    MemoryEnvironmentRepo,
    MemoryEventBus,
    MemoryStateStore,
)
from reconciler.build.loader import loader_files
from reconciler.core.pointer_file import pointer_key
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome, World
from reconciler.model.component import Component
from reconciler.model.environment import Environment
from reconciler.model.reason import TriggeredBy
from reconciler.model.state import EnvironmentState
from reconciler.ports import Airflow, Target
from reconciler.targets.airflow_dags import AirflowDags
from reconciler.targets.release_archives import ReleaseArchives
from tests.race import judge
from tests.race.airflow import RaceAirflow
from tests.race.catalog import Catalog, Version
from tests.race.events import SimClock, Simulation
from tests.race.folder import PastFolder
from tests.race.people import ENVIRONMENT_YAML, RECONCILER_YAML, SYNC, People
from tests.race.platform import Platform

SWEEP = 60.0
PATIENCE = 4 * 3600.0
"""Seconds after the last deployment in which everything has to come to rest."""


class Race:
    """A seeded race. Something may be put between the reconciler and Airflow's API, or its target."""

    def __init__(
        self,
        seed: int,
        airflow: Callable[[RaceAirflow], Airflow] = lambda airflow: airflow,
        target: Callable[[Target], Target] = lambda target: target,
        mischief: float = 0.25,
    ) -> None:
        self.seed = seed
        self.simulation = Simulation(seed)
        self.clock = SimClock(self.simulation)
        self.artifacts = MemoryArtifactStore()
        self.catalog = Catalog(self.artifacts)
        self.folder = PastFolder(self.simulation)
        self.people = People(self.simulation, lambda: self.platform, self.catalog, self._push, self._fenced)
        self.platform = Platform(self.simulation, self.folder, self.catalog, SYNC, self.people.excuses)
        self.airflow = RaceAirflow(self.platform, mischief)
        self._seen_airflow = airflow(self.airflow)
        self._seen_target = target
        self.repo = MemoryEnvironmentRepo(self.clock)
        self.store = MemoryStateStore(self.clock)
        self.bus = MemoryEventBus()
        self.settled: dict[str, float] = {}
        self.outcomes: dict[Outcome, int] = {}
        self._hint = False
        self.world = World(
            repo=self.repo,
            artifacts=self.artifacts,
            store=_Distant(self.store, self.simulation),
            bus=self.bus,
            clock=self.clock,
            target=self.target,
            holder="tick",
            environments=("dev",),
        )

    def target(self, environment: Environment) -> Target:
        """The platform as the engine sees it."""
        archives = ReleaseArchives(self.artifacts)
        dags = AirflowDags(self.folder, self._seen_airflow, archives, loader_files(), self.clock)
        return _Distant(self._seen_target(dags), self.simulation)

    @property
    def state(self) -> EnvironmentState:
        """What the reconciler remembers."""
        return self.store.load("dev")

    def run(self, deployments: int, patience: float = PATIENCE) -> list[str]:
        """Race to the end, within ``patience`` seconds after it; what went wrong, in one line each."""
        self.people.begin(deployments)
        while not self.people.done:
            self._minute()
        self.people.repair()
        for dag_id in sorted(self.people.paused):
            self.simulation.after(1, partial(self.people.unpause, dag_id))
        deadline = self.simulation.now + patience
        while not self._at_rest() and self.simulation.now < deadline:
            self._minute()
        return list(self.wrong())

    def wrong(self) -> Iterator[str]:
        """All that went wrong."""
        yield from self.platform.violations
        yield from judge.mixed(self.platform.runs, self.platform)
        yield from judge.rolled_back(self.platform.runs, self.people, self.settled)
        yield from judge.lost(self.platform, self.people)
        yield from judge.paused(self.platform, self.people, self.airflow.pauses)
        yield from self.airflow.needless
        yield from self._not_converged()

    def _minute(self) -> None:
        """Let time pass until the next sweep or push, then tick."""
        sweep = (self.simulation.now // SWEEP + 1) * SWEEP
        self.simulation.run_until(sweep, stop=lambda: self._hint)
        by = TriggeredBy.WEBHOOK if self._hint else TriggeredBy.SCHEDULE
        self._hint = False
        outcome = tick(self.world, "dev", by).outcome
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        applied = self.state.applied
        if applied is not None and outcome in (Outcome.APPLIED, Outcome.IDLE):
            self.settled.setdefault(applied.revision, self.simulation.now)

    def _push(self, version: Version, kind: str) -> str:
        files = {
            "reconciler.yaml": RECONCILER_YAML,
            "dev/environment.yaml": ENVIRONMENT_YAML,
            "dev/pointer.yaml": _pointer(version),
        }
        self.simulation.after(1.5, self._webhook)
        return self.repo.person_pushes(files, f"{kind} {version.name}")

    def _webhook(self) -> None:
        self._hint = True

    def _fenced(self, dag_id: str) -> bool:
        return dag_id in getattr(self.state, "fences", {})

    def _at_rest(self) -> bool:
        """Is everything live, and every run at its end? Once the one is so, no new runs are due."""
        self.platform.calm = self.platform.calm or not (self.people.paused or list(self._not_converged()))
        rows = (self.platform.rows[dag_id] for dag_id in self.people.wanted.dags)
        return self.platform.calm and not any(row.in_flight for row in rows)

    def _not_converged(self) -> Iterator[str]:
        state, tip = self.state, self.people.deployments[-1]
        if state.applied is None or state.applied.revision != tip.commit:
            yield f"The last commit is not live: {state.operation and state.operation.message}"
        for dag_id in sorted({*state.live, *tip.version.dags}):
            live, row = state.live.get(dag_id), self.platform.rows.get(dag_id)
            if live is None or live.fingerprint != tip.version.fingerprint(dag_id):
                yield f"{dag_id} is not as the last commit says"
            elif row is None or not row.active or row.release != live.pointer.release:
                yield f"{dag_id} does not run {live.pointer.release}, but {row and row.release}"
            elif self.folder.read(pointer_key(dag_id)) is None:
                yield f"{dag_id} has no pointer in the folder"
        if getattr(state, "fences", {}):
            yield f"Fences are open: {sorted(state.fences)}"


class _Distant:
    """A twin on the other end of a network."""

    def __init__(self, twin: Any, simulation: Simulation) -> None:
        self._twin = twin
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._twin, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._simulation.travel(0.002, 0.02)
            result = found(*args, **kwargs)
            self._simulation.travel(0.002, 0.02)
            return result

        return call


def _pointer(version: Version) -> bytes:
    names = {component: "1.0.0" for component in Component} | {Component.DAGS: version.name}
    lines = [f"  {component}: {{version: {name}}}" for component, name in names.items()]
    return "\n".join(["apiVersion: reconciler/v1", "kind: Pointer", "components:", *lines, ""]).encode()

"""The people around the platform: they deploy, revert, edit by hand, pause and trigger, at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from tests.race.catalog import AIRFLOW, Catalog, DagSpec, Version
from tests.race.events import Simulation
from tests.race.platform import Platform, every

SYNC, PARSE = 30, 60
RECONCILER_YAML = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev]\n"
ENVIRONMENT_YAML = f"""\
apiVersion: reconciler/v1
kind: Environment
name: dev
airflow:
  version: {AIRFLOW}
  api: {{http: {{url: "http://127.0.0.1:8080"}}}}
  dagFolder: {{bucket: dev-airflow}}
  syncSeconds: {SYNC}
  parseSeconds: {PARSE}
  clockMarginSeconds: 5
  rollbackDrainSeconds: 60
""".encode()

BETWEEN_DEPLOYMENTS = 1500.0
"""Seconds, on average."""

KINDS = {
    "body": 30,
    "structure": 25,
    "several": 12,
    "double": 8,
    "revert": 12,
    "add": 5,
    "remove": 4,
    "edit": 4,
    "broken": 4,
}
"""How often people do what."""


@dataclass(frozen=True)
class Deployment:
    """One push: when, of what kind, which version, and which of the DAGs it changes."""

    number: int
    at: float
    kind: str
    version: Version
    commit: str


class People:
    """Everybody. ``push(version, why)`` commits a pointer; ``fenced(dag_id)``: is it being changed?"""

    def __init__(
        self,
        simulation: Simulation,
        platform: Callable[[], Platform],
        catalog: Catalog,
        push: Callable[[Version, str], str],
        fenced: Callable[[str], bool],
    ) -> None:
        self._simulation = simulation
        self._platform = platform
        self._catalog = catalog
        self._push = push
        self._fenced = fenced
        self._deploying = simulation.random("deployments")
        self._operating = simulation.random("operators")
        self._numbers = 0
        self.edits: list[tuple[float, str]] = []
        self.deployments: list[Deployment] = []
        self.left = 0
        self.paused: set[str] = set()

    @property
    def wanted(self) -> Version:
        """What the tip asks for."""
        return self.deployments[-1].version

    @property
    def done(self) -> bool:
        """Have they deployed all that they were to?"""
        return self.left <= 0

    def begin(self, deployments: int) -> None:
        """Deploy the first version, and go on for so many deployments."""
        names = [*(f"dag_{number}" for number in range(6)), "asset_0", "asset_1"]
        self.left = deployments
        self._deploy("first", {name: self._new() for name in names})
        self._simulation.after(900, self._next_deployment)
        self._simulation.after(600, self._operate)

    def excuses(self, dag_id: str) -> bool:
        """Are people to blame if this DAG does not run now?"""
        if dag_id not in self.wanted.dags or dag_id in self.paused:
            return True
        now = self._simulation.now
        return any(now - at < 900 for at, _ in self.edits)

    # Deploying.

    def _next_deployment(self) -> None:
        if self.done:
            return
        random = self._deploying
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        self._do(kind, random)
        quick = random.random() < 0.2
        gap = random.uniform(5, 200) if quick else random.expovariate(1 / BETWEEN_DEPLOYMENTS)
        self._simulation.after(gap, self._next_deployment)

    def _do(self, kind: str, random: Random) -> None:
        dags = dict(self.wanted.dags)
        names = sorted(dags)
        match kind:
            case "edit":
                self._edit(random)
            case "revert":
                self._revert(random)
            case "add":
                name = f"dag_{len({name for one in self.deployments for name in one.version.dags})}"
                gone = sorted(
                    {name for one in self.deployments for name in one.version.dags} - self.wanted.dags.keys()
                )
                dags[random.choice(gone) if gone and random.random() < 0.5 else name] = self._new()
                self._deploy(kind, dags)
            case "remove":
                if len(names) > 5:
                    del dags[random.choice(names)]
                self._deploy(kind, dags)
            case "double":
                self._deploy(kind, self._bumped(dags, random.sample(names, 1)))
                later = random.uniform(1, 90)
                self._simulation.after(
                    later, lambda: self._deploy(kind, self._bumped(dict(self.wanted.dags), names[:2]))
                )
            case "broken":
                name = random.choice(names)
                dags[name] = replace(self._bumped(dags, [name])[name], broken=True)
                self._deploy(kind, dags)
                self._simulation.after(random.uniform(5, 600), self.repair)
            case "several":
                self._deploy(kind, self._bumped(dags, random.sample(names, random.randint(2, len(names)))))
            case _:
                name = random.choice(names)
                dags[name] = self._body(dags[name]) if kind == "body" else self._structure(dags[name])
                self._deploy(kind, dags)

    def repair(self) -> None:
        """Deploy anew what Airflow cannot import."""
        broken = [dag_id for dag_id, spec in self.wanted.dags.items() if spec.broken]
        if broken:
            self._deploy("repair", self._bumped(dict(self.wanted.dags), broken))

    def _bumped(self, dags: dict[str, DagSpec], names: list[str]) -> dict[str, DagSpec]:
        for name in names:
            if name in dags:
                body = self._deploying.random() < 0.5
                dags[name] = self._body(dags[name]) if body else self._structure(dags[name])
        return dags

    def _deploy(self, kind: str, dags: dict[str, DagSpec]) -> None:
        self._commit(kind, self._catalog.publish(dags))

    def _revert(self, random: Random) -> None:
        """Back to the version before this one, or to an older one."""
        before = [one.version for one in self.deployments[-6:-1] if one.version != self.wanted]
        if before:
            self._commit("revert", before[-1] if random.random() < 0.75 else random.choice(before))

    def _commit(self, kind: str, version: Version) -> None:
        self.left -= 1
        commit = self._push(version, kind)
        number = len(self.deployments) + 1
        self.deployments.append(Deployment(number, self._simulation.now, kind, version, commit))
        for dag_id in self._deploying.sample(sorted(version.dags), 2):
            self._simulation.after(self._deploying.uniform(0, 150), partial(self._trigger, dag_id))

    def _new(self) -> DagSpec:
        self._numbers += 1
        return DagSpec(self._numbers, ("extract", "load", "publish"))

    def _body(self, spec: DagSpec) -> DagSpec:
        self._numbers += 1
        return replace(spec, body=self._numbers, broken=False)

    def _structure(self, spec: DagSpec) -> DagSpec:
        """Another chain: a task more, one less, or two that change places."""
        self._numbers += 1
        tasks, what = list(spec.tasks), self._deploying.random()
        place = self._deploying.randrange(len(tasks))
        if len(tasks) < 3 or (what < 0.5 and len(tasks) < 5):
            tasks.insert(place, f"task_{self._numbers}")
        elif what < 0.8:
            del tasks[place]
        else:
            tasks[place], tasks[place - 1] = tasks[place - 1], tasks[place]
        return replace(spec, body=self._numbers, tasks=tuple(tasks), broken=False)

    # Operating.

    def _edit(self, random: Random) -> None:
        """Somebody touches the folder: a comment, nonsense, or a file deleted."""
        folder = self._platform().folder
        self.left -= 1
        keys = [key for key in folder.list() if not key.startswith((".", "_reconciler"))]
        pointers = [key for key in keys if key.endswith(".py")]
        if not pointers:
            return
        what = random.random()
        key = random.choice(keys if what > 0.7 else pointers)
        body = folder.read(key) or b""
        self.edits.append((self._simulation.now, key))
        folder.tamper(key, body + b"# by hand\n" if what < 0.4 else b"not Python" if what < 0.7 else None)

    def _operate(self) -> None:
        if self.done:
            return
        random, platform = self._operating, self._platform()
        self._simulation.after(random.expovariate(1 / 150), self._operate)
        row = platform.rows[random.choice(sorted(platform.rows))]
        what = random.random()
        if what < 0.5 and every(row.dag_id) is not None:
            self._trigger(row.dag_id)
        elif what < 0.9 or every(row.dag_id) is None:
            platform.asset_event(random.choice(["asset_0", "asset_1"]))
        elif what < 0.95 and row.starts_runs:
            self._pause(row.dag_id)

    def _trigger(self, dag_id: str) -> None:
        row = self._platform().rows.get(dag_id)
        if row is not None and row.active and len(row.in_flight) < 4:
            self._platform().create(row, "manual", f"manual__{self._simulation.now:.3f}")

    def _pause(self, dag_id: str) -> None:
        row = self._platform().rows[dag_id]
        row.paused, row.ours = True, False
        self.paused.add(dag_id)
        self._simulation.after(self._operating.uniform(120, 2400), lambda: self.unpause(dag_id))

    def unpause(self, dag_id: str) -> None:
        """A person un-pauses what a person paused, but not while `status` says that it is being changed."""
        row = self._platform().rows[dag_id]
        if dag_id not in self.paused:
            return
        if not row.paused:
            self._platform().violations.append(f"{dag_id}: a person had paused it, and it is not paused")
        if self._fenced(dag_id):
            self._simulation.after(60, lambda: self.unpause(dag_id))
            return
        self.paused.discard(dag_id)
        row.paused = False
        self._platform().wake(row)

"""What is deployed in a race, and in which order: all of it follows from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MINUTE = "minute"
"""The DAG that Airflow starts each minute; the others are started by the race."""

MANUAL = ("alpha", "beta", "gamma")
DAGS = (*MANUAL, MINUTE)
KINDS = {"body": 9, "structure": 7, "several": 6, "revert": 8}
"""How often each kind of change is drawn."""

WAITS = 0.65
"""The share of deployments that are waited for before the next is pushed."""

LONGEST, SHORTEST = 4, 2
"""Tasks in a DAG's chain."""


@dataclass(frozen=True)
class DagSpec:
    """A DAG: the mark in its file and in its libraries, and its chain of tasks."""

    mark: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Version:
    """A published version of the DAGs and their libraries."""

    name: str
    dags: Mapping[str, DagSpec]


@dataclass(frozen=True)
class Deployment:
    """One push. `kind`: first, body, structure, several, revert; `before` is what the commit before says."""

    number: int
    kind: str
    version: Version
    before: Version | None
    waits: bool

    @property
    def touched(self) -> list[str]:
        """The DAGs that differ from the commit before."""
        before = self.before.dags if self.before else {}
        return [name for name, spec in self.version.dags.items() if before.get(name) != spec]


@dataclass
class Course:
    """The deployments of one seed. `versions` are all that were drawn so far on a stage, by name."""

    seed: int
    versions: dict[str, Version] = field(default_factory=dict)

    def deployments(self) -> Iterator[Deployment]:
        """Without end. A revert goes back to what the commit before said, be that itself a revert."""
        chance = random.Random(f"course {self.seed}")
        wanted = [self.first()]
        yield Deployment(0, "first", wanted[-1], None, waits=True)
        while True:
            number = len(wanted)
            kind = chance.choices(list(KINDS), weights=list(KINDS.values()))[0]
            if kind == "revert" and number > 1:
                version = wanted[-2]
            else:
                kind = "body" if kind == "revert" else kind
                version = self._version(self._changed(chance, kind, wanted[-1].dags))
            yield Deployment(number, kind, version, wanted[-1], waits=chance.random() < WAITS)
            wanted.append(version)

    def first(self) -> Version:
        """A version in which every DAG is new."""
        return self._version({name: DagSpec(self._next(), ("t0", "t1", "t2")) for name in DAGS})

    def body(self, before: Version, dag_id: str) -> Version:
        """A version in which one DAG does something else, by the same graph."""
        spec = DagSpec(self._next(), before.dags[dag_id].tasks)
        return self._version({**before.dags, dag_id: spec})

    def spec(self, dag_id: str, mark: str) -> DagSpec:
        """What a DAG is, by the mark that a task of it wrote. KeyError if no version has it."""
        return self.versions[mark].dags[dag_id]

    def _version(self, dags: Mapping[str, DagSpec]) -> Version:
        version = Version(self._next(), dict(dags))
        self.versions[version.name] = version
        return version

    def _next(self) -> str:
        return f"1.{len(self.versions)}.0"

    def _changed(
        self, chance: random.Random, kind: str, before: Mapping[str, DagSpec]
    ) -> Mapping[str, DagSpec]:
        count = chance.randint(2, len(DAGS)) if kind == "several" else 1
        after = dict(before)
        for name in chance.sample(DAGS, count):
            graph = kind == "structure" or (kind == "several" and chance.random() < 0.3)
            tasks = _regraphed(chance, before[name].tasks, self._next()) if graph else before[name].tasks
            after[name] = DagSpec(self._next(), tasks)
        return after


def _regraphed(chance: random.Random, tasks: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Another chain: a task more, a task less, or two that change places."""
    ways = ["swap"]
    ways += ["more"] if len(tasks) < LONGEST else []
    ways += ["less"] if len(tasks) > SHORTEST else []
    chain, at = list(tasks), chance.randrange(len(tasks) - 1)
    match chance.choice(ways):
        case "more":
            chain.insert(at, f"t{version.split('.')[1]}")
        case "less":
            del chain[at]
        case _:
            chain[at], chain[at + 1] = chain[at + 1], chain[at]
    return tuple(chain)

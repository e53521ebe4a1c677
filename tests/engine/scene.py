"""A whole platform in memory: what a test says is what a person or the outside does, then it ticks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.adapters.git_rules import Identity
from reconciler.adapters.memory import (
    MemoryAirflow,
    MemoryArtifactStore,
    MemoryClock,
    MemoryDagFolder,
    MemoryEnvironmentRepo,
    MemoryEventBus,
    MemoryStateStore,
)
from reconciler.adapters.memory.airflow import Follow
from reconciler.adapters.memory.environment_repo import PERSON
from reconciler.core.identity import fingerprint, release_id, sha256
from reconciler.engine.tick import tick
from reconciler.engine.world import TickResult, World
from reconciler.model.component import Component
from reconciler.model.environment import Environment
from reconciler.model.event import Event
from reconciler.model.observation import AirflowDag
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.release import Archive, ReleaseManifest, SealedDag
from reconciler.model.state import EnvironmentState
from reconciler.targets.airflow_dags import AirflowDags
from reconciler.targets.release_archives import ReleaseArchives
from tests.builders import artifact, tar_gz

RECONCILER_YAML = b"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev]\n"
ENVIRONMENT_YAML = b"""\
apiVersion: reconciler/v1
kind: Environment
name: dev
airflow:
  version: 3.0.6
  api: {http: {url: "http://127.0.0.1:8080"}}
  dagFolder: {bucket: dev-airflow}
  syncSeconds: 5
  parseSeconds: 20
"""
ENVIRONMENTS = ("dev", "staging", "prod")
"""What the stack serves, whether there is any of it yet or not."""

SUPPORT = {"_reconciler_loader_v1.py": b"# airflow dag loader\n", ".airflowignore": b"_releases/\n"}


def pointer_yaml(version: str) -> bytes:
    """A pointer with ``version`` for every component."""
    lines = [f"  {component}: {{version: {version}}}" for component in Component]
    return "\n".join(["apiVersion: reconciler/v1", "kind: Pointer", "components:", *lines, ""]).encode()


class TickingClock(MemoryClock):
    """Time that never stands quite still, as it does not outside either."""

    def now(self) -> datetime:
        """See ``ports.Clock``."""
        self.advance(0.001)
        return super().now()


@dataclass
class Scene:
    """One environment, ``dev``, and everything around it.

    ``calendar``: when its DAGs are due, as sealed; ``calendars``: those of some that are due otherwise.
    ``environment``, ``holds``, ``shared`` and ``signers``: what people push as its ``environment.yaml`` and
    ``holds.yaml``, as ``reconciler.yaml`` and as ``allowed_signers``.
    """

    clock: MemoryClock = field(default_factory=TickingClock)
    artifacts: MemoryArtifactStore = field(default_factory=MemoryArtifactStore)
    bus: MemoryEventBus = field(default_factory=MemoryEventBus)
    folder: MemoryDagFolder = field(default_factory=MemoryDagFolder)
    calendar: dict[str, str] = field(default_factory=dict)
    calendars: dict[str, dict[str, str]] = field(default_factory=dict)
    environment: bytes = ENVIRONMENT_YAML
    holds: str | None = None
    shared: bytes = RECONCILER_YAML
    signers: str | None = None

    def __post_init__(self) -> None:
        self.repo = MemoryEnvironmentRepo(self.clock)
        self.store = MemoryStateStore(self.clock)
        self.airflow = MemoryAirflow(Follow(self.folder, self.clock))
        self.world = self.world_of("tick")

    def world_of(self, holder: str) -> World:
        """What a tick by ``holder`` works with."""
        return World(
            repo=self.repo, artifacts=self.artifacts, store=self.store, bus=self.bus,
            clock=self.clock, target=self._target, holder=holder, environments=ENVIRONMENTS,
        )  # fmt: skip

    def _target(self, environment: Environment) -> AirflowDags:
        return AirflowDags(self.folder, self.airflow, ReleaseArchives(self.artifacts), SUPPORT, self.clock)

    def publish(
        self,
        version: str,
        dags: Mapping[str, str],
        *,
        parent: str | None = None,
        authors: tuple[str, ...] = (str(PERSON),),
    ) -> ReleaseManifest:
        """Publish and seal a version whose DAGs have these bodies; equal bodies, equal fingerprints.

        What is before a colon in a body is the DAG's graph: ``load: a`` and ``load: b`` have the same.
        """
        digests = {}
        for component in Component:
            path = "dags/all.py" if component is Component.DAGS else f"{component.folder}/x.txt"
            files = {path: f"{component} {version}".encode()}
            manifest, archive = artifact(component, version, files, parent=parent, authors=authors)
            self.artifacts.publish(manifest, archive)
            digests[component] = manifest.digest
        body = tar_gz({f"dags/{dag_id}.py": text.encode() for dag_id, text in dags.items()})
        release = ReleaseManifest(
            id=release_id(digests),
            components=digests,
            archive=Archive(sha256=sha256(body), size=len(body)),
            airflow_version="3.0.6",
            python_version="3.11",
            dags={
                dag_id: SealedDag(
                    file=f"dags/{dag_id}.py",
                    fingerprint=fingerprint({dag_id: text}),
                    structure={"graph": json.dumps(text.partition(":")[0] if ":" in text else "")},
                    calendar=self.calendars.get(dag_id, self.calendar),
                )
                for dag_id, text in dags.items()
            },
        )
        self.artifacts.seal(release, body)
        return release

    def push(self, version: str, message: str = "Bump", *, by: Identity = PERSON) -> str:
        """A person commits a pointer."""
        files: dict[str, bytes | None] = {
            "reconciler.yaml": self.shared,
            "allowed_signers": None if self.signers is None else self.signers.encode(),
            "dev/environment.yaml": self.environment,
            "dev/pointer.yaml": pointer_yaml(version),
            "dev/holds.yaml": None if self.holds is None else self.holds.encode(),
        }
        return self.repo.person_pushes(files, message, by=by)

    def deploy(self, version: str, dags: Mapping[str, str]) -> ReleaseManifest:
        """Publish, push and tick until it is live."""
        release = self.publish(version, dags)
        self.push(version)
        self.tick()
        return release

    def start_by_assets(self, *only: str) -> None:
        """From now on, Airflow says of these DAGs, or of every one, that assets start it."""
        real = self.airflow.dags

        def dags(dag_ids: Sequence[str]) -> dict[str, AirflowDag]:
            return {
                name: dag.model_copy(update={"by_assets": name in (only or dag_ids)})
                for name, dag in real(dag_ids).items()
            }

        self.airflow.dags = dags  # type: ignore[method-assign]

    def vanish(self, dag_id: str) -> None:
        """Airflow drops a DAG, as it does one whose file does not import."""
        self.airflow.set_dag(
            AirflowDag(dag_id=dag_id, active=False, paused=False, release=None, last_parsed_at=None)
        )

    def tick(self, triggered_by: TriggeredBy = TriggeredBy.WEBHOOK) -> TickResult:
        """One tick."""
        return tick(self.world, "dev", triggered_by)

    @property
    def state(self) -> EnvironmentState:
        """What is remembered of dev."""
        return self.store.load("dev")

    @property
    def events(self) -> list[Event]:
        """All events so far."""
        return list(self.store.events("dev", 0, 10_000))

    @property
    def reasons(self) -> list[Reason]:
        """The reasons of all events so far, in order."""
        return [event.reason for event in self.events]

    def running(self) -> dict[str, str | None]:
        """DAG id → release, for every active DAG, as Airflow says it."""
        ids = [key.removesuffix(".py") for key in self.folder.list() if key.endswith(".py")]
        return {dag_id: dag.release for dag_id, dag in self.airflow.dags(ids).items() if dag.active}

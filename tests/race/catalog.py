"""What was ever published: releases, and what each DAG is in each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from reconciler.adapters.memory import MemoryArtifactStore
from reconciler.core.identity import fingerprint, release_id, sha256
from reconciler.core.structure_fields import TASK
from reconciler.model.component import Component
from reconciler.model.release import Archive, ReleaseManifest, SealedDag
from tests.builders import artifact, tar_gz

AIRFLOW = "3.0.6"


@dataclass(frozen=True)
class DagSpec:
    """A DAG: what its tasks do (``body``), a chain of tasks, and whether Airflow can import it."""

    body: int
    tasks: tuple[str, ...]
    broken: bool = False

    @cached_property
    def sealed(self) -> SealedDag:
        """As the seal describes it; it does not know what is broken on the target."""
        followers = [*((task,) for task in self.tasks[1:]), ()]
        return SealedDag(
            file="dags/all.py",
            fingerprint=fingerprint({"dag": f"{self.body} {self.tasks} {self.broken}"}),
            structure={
                f"{task}.{TASK}": json.dumps(after) for task, after in zip(self.tasks, followers, strict=True)
            },
        )


@dataclass(frozen=True)
class Version:
    """A published version and the release that it makes."""

    name: str
    release: str
    dags: Mapping[str, DagSpec]

    def fingerprint(self, dag_id: str) -> str | None:
        """Of one DAG; None if it is not in this version."""
        return self.dags[dag_id].sealed.fingerprint if dag_id in self.dags else None


class Catalog:
    """Publishes versions; knows releases by id."""

    def __init__(self, artifacts: MemoryArtifactStore) -> None:
        self._artifacts = artifacts
        self._still: dict[Component, str] = {}
        self.versions: dict[str, Version] = {}
        self._bodies: dict[str, bytes] = {}
        for component in Component:
            manifest, archive = artifact(component, "1.0.0")
            artifacts.publish(manifest, archive)
            self._still[component] = manifest.digest

    def publish(self, dags: Mapping[str, DagSpec]) -> Version:
        """Publish and seal a new version of the DAGs."""
        name = f"1.{len(self.versions) + 1}.0"
        manifest, archive = artifact(Component.DAGS, name)
        self._artifacts.publish(manifest, archive)
        digests = {**self._still, Component.DAGS: manifest.digest}
        body = tar_gz({"dags/all.py": f"# {name}\n".encode()})
        release = ReleaseManifest(
            id=release_id(digests),
            components=digests,
            archive=Archive(sha256=sha256(body), size=len(body)),
            airflow_version=AIRFLOW,
            python_version="3.11",
            dags={dag_id: spec.sealed for dag_id, spec in dags.items()},
        )
        self._artifacts.seal(release, body)
        self._bodies[release.id] = body
        version = Version(name, release.id, dict(dags))
        self.versions[release.id] = version
        return version

    def spec(self, release: str, dag_id: str) -> DagSpec | None:
        """What a DAG is in a release; None if it is not in it."""
        return self.versions[release].dags.get(dag_id)

    def whole(self, release: str, body: bytes | None) -> bool:
        """Are these a release's bytes, all of them?"""
        return body is not None and body == self._bodies.get(release)

"""Seals combinations of components for an environment. Used by ``seal`` and ``publish``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import interpreters
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.cli.platform import Platform
    from reconciler.model.environment import Desired
    from reconciler.model.release import ReleaseManifest


@dataclass(frozen=True)
class Combination:
    """What to seal: version and digest per component, and the Airflow to parse it with."""

    versions: Mapping[Component, str]
    digests: Mapping[Component, str]
    airflow: str

    @property
    def release(self) -> str:
        """The id of the release that it makes."""
        from reconciler.core.identity import release_id

        return release_id(self.digests)

    def __str__(self) -> str:
        return ", ".join(f"{component} {self.versions[component]}" for component in Component)


@dataclass(frozen=True)
class Sealed:
    """A sealed release, and whether it was sealed just now."""

    combination: Combination
    manifest: ReleaseManifest
    new: bool

    def to_json(self) -> dict[str, object]:
        """For ``--output json``."""
        return {
            "release": self.manifest.id,
            "versions": {
                component.value: version for component, version in self.combination.versions.items()
            },
            "airflowVersion": self.manifest.airflow_version,
            "dags": sorted(self.manifest.dags),
            "new": self.new,
        }


def combination(platform: Platform, desired: Desired, overrides: Mapping[Component, str]) -> Combination:
    """An environment's pointer with some versions replaced. ``Terminal`` if one was never published."""
    versions = {component: pin.version for component, pin in desired.pointer.components.items()} | dict(
        overrides
    )
    digests = {component: _digest(platform, component, version) for component, version in versions.items()}
    return Combination(versions, digests, desired.environment.airflow.version)


def seal(platform: Platform, wanted: Combination, given_python: Path | None) -> Sealed:
    """Seal a combination and store it, unless it is sealed already. ``Terminal`` if it does not import."""
    artifacts = platform.artifacts()
    there = artifacts.release(wanted.release)
    if there is not None:
        return Sealed(wanted, there, new=False)
    python = interpreters.find(platform, given_python, wanted.airflow)
    archives = {component: artifacts.open(component, digest) for component, digest in wanted.digests.items()}
    manifest, archive = platform.seal(archives, wanted.digests, python, wanted.airflow)
    return Sealed(wanted, manifest, artifacts.seal(manifest, archive))


def _digest(platform: Platform, component: Component, version: str) -> str:
    digest = platform.artifacts().resolve(component, version)
    if digest is None:
        raise Terminal(
            f"{component} {version} was never published.",
            f"Publish it with `reconciler publish {component} --version {version}`.",
            Reason.ARTIFACT_FAILED,
        )
    return digest

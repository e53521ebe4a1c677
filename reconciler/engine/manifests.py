"""Manifests of releases that DAGs leave, read once per tick: they never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.release import ReleaseManifest
from reconciler.ports import ArtifactStore


class Manifests:
    """Reads through an artifact store and remembers what it found."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._known: dict[str, ReleaseManifest | None] = {}

    def of(self, releases: Iterable[str]) -> Mapping[str, ReleaseManifest]:
        """The manifests of these releases; one that is gone from the store is left out."""
        found = {release: self._one(release) for release in sorted(releases)}
        return {release: manifest for release, manifest in found.items() if manifest is not None}

    def _one(self, release: str) -> ReleaseManifest | None:
        if release not in self._known:
            self._known[release] = self._artifacts.release(release)
        return self._known[release]

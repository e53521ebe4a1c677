"""The artifact store's twin: artifacts, versions and releases in memory, each written once."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.adapters.archive_check import check_artifact, check_release
from reconciler.adapters.artifact_errors import no_artifact, no_release, version_taken
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.artifact import ArtifactManifest
from reconciler.model.component import Component
from reconciler.model.release import ReleaseManifest


class MemoryArtifactStore(Twin):
    """An artifact store in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._versions: dict[tuple[Component, str], str] = {}
        self._artifacts: dict[tuple[Component, str], tuple[ArtifactManifest, bytes]] = {}
        self._releases: dict[str, tuple[ReleaseManifest, bytes]] = {}

    @port_call
    def resolve(self, component: Component, version: str) -> str | None:
        """See ``ports.ArtifactStore``."""
        return self._versions.get((component, version))

    @port_call
    def versions(self, component: Component) -> Sequence[str]:
        """See ``ports.ArtifactStore``."""
        return tuple(version for owner, version in self._versions if owner == component)

    @port_call
    def manifest(self, component: Component, digest: str) -> ArtifactManifest:
        """See ``ports.ArtifactStore``."""
        return self._artifact(component, digest)[0]

    @port_call
    def open(self, component: Component, digest: str) -> bytes:
        """See ``ports.ArtifactStore``; checked against its manifest."""
        manifest, archive = self._artifact(component, digest)
        check_artifact(manifest, archive)
        return archive

    @port_call
    def publish(self, manifest: ArtifactManifest, archive: bytes) -> bool:
        """See ``ports.ArtifactStore``."""
        check_artifact(manifest, archive)
        version = (manifest.component, manifest.version)
        claimed = self._versions.get(version)
        if claimed not in (None, manifest.digest):
            raise version_taken(manifest, str(claimed))
        self._artifacts.setdefault((manifest.component, manifest.digest), (manifest, archive))
        self._versions[version] = manifest.digest
        return claimed is None

    @port_call
    def release(self, release_id: str) -> ReleaseManifest | None:
        """See ``ports.ArtifactStore``."""
        return self._releases[release_id][0] if release_id in self._releases else None

    @port_call
    def open_release(self, release_id: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        if release_id not in self._releases:
            raise no_release(release_id)
        manifest, archive = self._releases[release_id]
        check_release(manifest, archive)
        return archive

    @port_call
    def seal(self, manifest: ReleaseManifest, archive: bytes) -> bool:
        """See ``ports.ArtifactStore``."""
        check_release(manifest, archive)
        if manifest.id in self._releases:
            return False
        self._releases[manifest.id] = (manifest, archive)
        return True

    def corrupt_release(self, release_id: str, archive: bytes) -> None:
        """Replace a release's bytes, as damage or a hand would."""
        self._releases[release_id] = (self._releases[release_id][0], archive)

    def _artifact(self, component: Component, digest: str) -> tuple[ArtifactManifest, bytes]:
        if (component, digest) not in self._artifacts:
            raise no_artifact(component, digest)
        return self._artifacts[component, digest]

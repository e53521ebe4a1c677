"""The archives of releases, fetched once per tick, and the source files inside them."""

from __future__ import annotations

import io
import tarfile

from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.ports import ArtifactStore


class ReleaseArchives:
    """Reads archives through an artifact store, which has verified their digests."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._archives: dict[str, bytes] = {}
        self._sources: dict[str, dict[str, str]] = {}

    def archive(self, release: str) -> bytes:
        """A release's ``release.tar.gz``. ``Terminal`` if it is not in the store."""
        if release not in self._archives:
            self._archives[release] = self._store.open_release(release)
        return self._archives[release]

    def source(self, release: str, file: str) -> str:
        """The text of one Python file of a release. ``Terminal`` if the release does not hold it."""
        sources = self._sources.get(release)
        if sources is None:
            sources = self._sources[release] = _python_files(self.archive(release))
        if file not in sources:
            raise Terminal(
                f"Release {release} holds no file {file}, although its manifest names it.",
                "Seal the release again from its artifacts with `reconciler seal`.",
                Reason.ARTIFACT_FAILED,
            )
        return sources[file]


def _python_files(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {
            member.name: body.read().decode("utf-8", errors="replace")
            for member in tar
            if member.name.startswith("dags/")
            and member.name.endswith(".py")
            and (body := tar.extractfile(member)) is not None
        }

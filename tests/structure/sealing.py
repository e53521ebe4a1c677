"""Seals files as a release, for tests that ask what a seal says of its DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.build.archive import pack
from reconciler.build.seal import seal
from reconciler.core.identity import artifact_digest, sha256
from reconciler.model.artifact import FileEntry
from reconciler.model.component import Component, component_of
from reconciler.model.release import ReleaseManifest, SealedDag


@dataclass(frozen=True)
class Sealer:
    """An Airflow to seal with."""

    python: Path
    version: str

    def seal(self, files: Mapping[str, bytes]) -> tuple[ReleaseManifest, bytes]:
        """The release that these files make: its manifest and its archive."""
        archives, digests = {}, {}
        for component in Component:
            own = {path: body for path, body in files.items() if component_of(path) is component}
            if own:
                entries = [FileEntry(path=path, sha256=sha256(b), size=len(b)) for path, b in own.items()]
                archives[component], digests[component] = pack(own), artifact_digest(component, entries)
        return seal(archives, digests, self.python, self.version)

    def dags(self, files: Mapping[str, bytes]) -> dict[str, SealedDag]:
        """What the release says of each DAG."""
        return self.seal(files)[0].dags

"""Between ``build`` and ``publish``: ``dist/<component>-<version>/{artifact.tar.gz,manifest.json}``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.model.artifact import ArtifactManifest

DIST = Path("dist")
"""Where it lies by default."""

ARCHIVE, MANIFEST = "artifact.tar.gz", "manifest.json"


def folder_of(dist: Path, component: Component, version: str) -> Path:
    """Where an artifact lies."""
    return dist / f"{component.value}-{version}"


def write(dist: Path, manifest: ArtifactManifest, archive: bytes) -> Path:
    """Write an artifact, its manifest last; returns its folder."""
    folder = folder_of(dist, manifest.component, manifest.version)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    (folder / ARCHIVE).write_bytes(archive)
    (folder / MANIFEST).write_text(json.dumps(manifest.to_json(), indent=2, ensure_ascii=False) + "\n")
    return folder


def read(dist: Path, component: Component, version: str) -> tuple[ArtifactManifest, bytes]:
    """What ``build`` wrote. ``Terminal`` if it is not there or is not a manifest."""
    from pydantic import ValidationError

    from reconciler.model.artifact import ArtifactManifest

    folder = folder_of(dist, component, version)
    command = f"reconciler build {component.value} --version {version}"
    try:
        manifest = ArtifactManifest.model_validate_json((folder / MANIFEST).read_bytes())
        archive = (folder / ARCHIVE).read_bytes()
    except FileNotFoundError as error:
        raise _terminal(f"{error.filename} does not exist.", f"Run `{command}` first.") from error
    except ValidationError as error:
        raise _terminal(
            f"{folder / MANIFEST} is not a manifest: {error}", f"Run `{command}` again."
        ) from error
    if (manifest.component, manifest.version) != (component, version):
        raise _terminal(
            f"{folder} holds {manifest.component.value} {manifest.version}.", f"Run `{command}` again."
        )
    return manifest, archive


def _terminal(message: str, remedy: str) -> Terminal:
    return Terminal(message, remedy, Reason.ARTIFACT_FAILED)

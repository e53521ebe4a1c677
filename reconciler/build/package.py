"""Makes an artifact: one component at one version, gates passed, as a manifest and reproducible bytes.

Called by the CLI's `build` and `publish`. Never stores anything: that is the artifact store's part.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reconciler.build.archive import pack, unpack
from reconciler.build.gates import Gate, gates
from reconciler.build.source import read_component
from reconciler.core.identity import artifact_digest, sha256
from reconciler.model.artifact import ArtifactManifest, FileEntry, GateResult, Version
from reconciler.model.component import Component
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason

__all__ = ["build_component", "pack", "unpack"]


def build_component(
    repo_root: Path, component: Component, version: str, parent: ArtifactManifest | None = None
) -> tuple[ArtifactManifest, bytes]:
    """The artifact of a component at HEAD: its manifest and its ``artifact.tar.gz``.

    ``parent`` is the manifest of the version before, since whose commit authors are counted. Raises
    ``Terminal`` with every problem (``file:line``) where the component or a gate does not pass.
    """
    _check_version(version, component, parent)
    source = read_component(repo_root, component, parent.commit if parent else None)
    results = _run(gates(component), source.files)
    archive = pack(source.files)
    unpack(archive)
    entries = tuple(
        FileEntry(path=path, sha256=sha256(body), size=len(body)) for path, body in source.files.items()
    )
    manifest = ArtifactManifest(
        component=component,
        version=version,
        digest=artifact_digest(component, entries),
        parent=parent.version if parent else None,
        commit=source.commit,
        authors=source.authors,
        files=entries,
        tools={"python": platform.python_version(), "reconciler": installed_version("reconciler")},
        gates=results,
    )
    return manifest, archive


def _check_version(version: str, component: Component, parent: ArtifactManifest | None) -> None:
    try:
        TypeAdapter(Version).validate_python(version)
    except ValidationError as error:
        raise _terminal(f"{version!r} is not a version.", "Give one like 1.8.0 (semver.org).") from error
    if parent and parent.component is not component:
        raise _terminal(
            f"The parent is a version of {parent.component.value}, not of {component.value}.",
            f"Name the version of {component.value} that came before.",
        )
    if parent and parent.version == version:
        raise _terminal(f"{component.value} {version} cannot be its own parent.", "Give it a new version.")


def _run(checks: Sequence[Gate], files: Mapping[str, bytes]) -> tuple[GateResult, ...]:
    failed = [(gate, found) for gate in checks if (found := list(gate.find(files)))]
    if failed:
        problems = [f"{line} [{gate.name}]" for gate, found in failed for line in found]
        raise _terminal("\n".join(problems), " ".join(gate.remedy for gate, _ in failed))
    return tuple(GateResult(name=gate.name, passed=True) for gate in checks)


def _terminal(message: str, remedy: str) -> Terminal:
    return Terminal(message, remedy, Reason.ARTIFACT_FAILED)

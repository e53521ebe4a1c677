"""Checks that archives are what their manifests say. Used by the artifact store and its twin.

Never unpacks to disk and never reads more than the manifest announces, whatever the archive holds.
"""

from __future__ import annotations

import io
import tarfile
import zlib

from reconciler.core.identity import artifact_digest, sha256
from reconciler.model.artifact import ArtifactManifest, FileEntry
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseManifest


def check_artifact(manifest: ArtifactManifest, archive: bytes) -> None:
    """``Terminal`` unless the ``.tar.gz`` holds exactly the manifest's files, and they have its digest.

    Archive paths are the manifest's paths.
    """
    name = f"{manifest.component} {manifest.version}"
    if artifact_digest(manifest.component, manifest.files) != manifest.digest:
        raise _refused(
            f"The manifest of {name} names the digest {manifest.digest}, which its files do not have."
        )
    expected = {entry.path: entry for entry in manifest.files}
    try:
        found = _matching(archive, expected)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _refused(f"The archive of {name} cannot be read as a .tar.gz: {error}.") from error
    missing = sorted(expected.keys() - found)
    if missing:
        raise _refused(f"The archive of {name} lacks files of its manifest: {', '.join(missing[:5])}.")


def check_release(manifest: ReleaseManifest, archive: bytes) -> None:
    """``Terminal`` unless a release's archive has the size and digest of its manifest."""
    if len(archive) != manifest.archive.size or sha256(archive) != manifest.archive.sha256:
        raise _refused(
            f"The archive of release {manifest.id} has {len(archive)} bytes, sha256 {sha256(archive)}; "
            f"its manifest says {manifest.archive.size} bytes, sha256 {manifest.archive.sha256}."
        )


def _matching(archive: bytes, expected: dict[str, FileEntry]) -> set[str]:
    """The paths in the archive; ``Terminal`` at the first member that is not one of the expected files."""
    found: set[str] = set()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as members:
        for member in members:
            entry = expected.get(member.name)
            if member.isdir():
                continue
            if entry is None or member.name in found or not member.isreg() or member.size != entry.size:
                raise _refused(f"The archive holds {member.name!r}, which is not as its manifest says.")
            stream = members.extractfile(member)
            if stream is None or sha256(stream.read()) != entry.sha256:
                raise _refused(f"The content of {member.name!r} is not what the manifest says.")
            found.add(member.name)
    return found


def _refused(message: str) -> Terminal:
    return Terminal(message, "Build it again and publish it under a new version.", Reason.ARTIFACT_FAILED)

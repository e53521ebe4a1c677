"""Checks that archives are what their manifests say. Used by the artifact store and its twin.

Never unpacks to disk, and never inflates more than the rules of ``core.archive_rules`` allow, whatever the
archive holds.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator

from reconciler.core.archive_rules import (
    ARTIFACT,
    MIB,
    RELEASE,
    SPECIAL_BITS,
    Limits,
    folded,
    path_problem,
    path_problems,
)
from reconciler.core.identity import artifact_digest, sha256
from reconciler.model.artifact import ArtifactManifest, FileEntry
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason
from reconciler.model.release import ReleaseManifest

_UNREADABLE = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError)
_FED = 64 * 1024
"""Compressed bytes that are inflated at once."""


def check_artifact(manifest: ArtifactManifest, archive: bytes) -> None:
    """``Terminal`` unless the ``.tar.gz`` holds exactly the manifest's files, and they have its digest.

    Archive paths are the manifest's paths.
    """
    name = f"{manifest.component} {manifest.version}"
    if artifact_digest(manifest.component, manifest.files) != manifest.digest:
        raise _refused(
            f"The manifest of {name} names the digest {manifest.digest}, which its files do not have."
        )
    if problems := path_problems(entry.path for entry in manifest.files):
        raise _refused(f"The manifest of {name} is refused: {'; '.join(problems[:5])}.")
    expected = {entry.path: entry for entry in manifest.files}
    try:
        found = _matching(archive, expected)
    except _UNREADABLE as error:
        raise _refused(f"The archive of {name} cannot be read as a .tar.gz: {error}.") from error
    missing = sorted(expected.keys() - found)
    if missing:
        raise _refused(f"The archive of {name} lacks files of its manifest: {', '.join(missing[:5])}.")


def check_release(manifest: ReleaseManifest, archive: bytes) -> None:
    """``Terminal`` unless a release's archive has its manifest's size and digest, and holds only plain files.

    Airflow's containers unpack it: it is looked through before it can get there, whoever wrote the manifest.
    """
    if len(archive) != manifest.archive.size or sha256(archive) != manifest.archive.sha256:
        raise _refused(
            f"The archive of release {manifest.id} has {len(archive)} bytes, sha256 {sha256(archive)}; "
            f"its manifest says {manifest.archive.size} bytes, sha256 {manifest.archive.sha256}."
        )
    try:
        held = {member.name for _, member in _members(archive, RELEASE)}
    except _UNREADABLE as error:
        raise _refused(
            f"The archive of release {manifest.id} cannot be read as a .tar.gz: {error}."
        ) from error
    missing = sorted({dag.file for dag in manifest.dags.values()} - held)
    if missing:
        raise _refused(f"The archive of release {manifest.id} lacks DAG files: {', '.join(missing[:5])}.")


def _matching(archive: bytes, expected: dict[str, FileEntry]) -> set[str]:
    """The paths in the archive; ``Terminal`` at the first member that is not one of the expected files."""
    found: set[str] = set()
    for tar, member in _members(archive, ARTIFACT):
        entry = expected.get(member.name)
        if entry is None or member.size != entry.size:
            raise _refused(f"The archive holds {member.name!r}, which is not as its manifest says.")
        stream = tar.extractfile(member)
        if stream is None or sha256(stream.read()) != entry.sha256:
            raise _refused(f"The content of {member.name!r} is not what the manifest says.")
        found.add(member.name)
    return found


def _members(archive: bytes, limits: Limits) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The members one by one; ``Terminal`` at the first that is no plain file at a plain path of its own."""
    seen: set[str] = set()
    with tarfile.open(fileobj=_Inflating(archive, limits), mode="r|") as tar:
        for member in tar:
            if not member.isreg() or member.issparse() or member.mode & SPECIAL_BITS:
                raise _refused(f"The archive holds {member.name!r}, which is not a plain file.")
            if problem := path_problem(member.name):
                raise _refused(f"The archive holds {member.name!r}, which {problem}.")
            if folded(member.name) in seen:
                raise _refused(f"The archive holds {member.name!r} twice.")
            if len(seen) == limits.files:
                raise _refused(f"The archive holds more than {limits.files} files.")
            seen.add(folded(member.name))
            yield tar, member


class _Inflating(io.RawIOBase):
    """Reads a gzip file, up to what the limits allow: small files can hold terabytes."""

    def __init__(self, archive: bytes, limits: Limits) -> None:
        self._archive, self._at = archive, 0
        self._inflater = zlib.decompressobj(wbits=31)
        headers = 4 * 1024 * limits.files + tarfile.RECORDSIZE
        self._most = min(limits.size + headers, max(limits.ratio_from, limits.ratio * len(archive)))
        self._given = 0

    def read(self, size: int = -1) -> bytes:
        """As files do; at most so many bytes, fewer only at the end."""
        found = bytearray()
        while len(found) < size and (more := self._more(size - len(found))):
            found += more
        self._given += len(found)
        if self._given > self._most:
            raise _refused(f"The archive unpacks to more than {self._most // MIB} MiB.")
        return bytes(found)

    def _more(self, size: int) -> bytes:
        while not self._inflater.eof:
            given = self._inflater.unconsumed_tail
            if not given:
                given = self._archive[self._at : self._at + _FED]
                self._at += len(given)
            if not given:
                raise EOFError("it is cut off")
            if more := self._inflater.decompress(given, size):
                return more
        return b""


def _refused(message: str) -> Terminal:
    return Terminal(
        message,
        "Build it again and publish it under a new version; if it came from the artifact store, find out who "
        "wrote it there.",
        Reason.ARTIFACT_FAILED,
    )

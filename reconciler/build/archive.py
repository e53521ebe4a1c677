"""Files as one ``.tar.gz`` and back. Called by packaging and sealing.

Equal files give equal bytes. Reading trusts nothing: an archive may come from a store that others can write
to. Never writes to a disk.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping

from reconciler.core.archive_rules import ARTIFACT, MIB, SPECIAL_BITS, Limits, path_problems
from reconciler.model.errors import Terminal
from reconciler.model.reason import Reason


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files, by path, as a ``.tar.gz`` without anything of the machine or the time that made it.

    Reproducible wherever the same zlib is used; digests of artifacts are of the contents, so they do not
    depend on that.
    """
    raw, out = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(files[path]), 0o644, 0
            tar.addfile(entry, io.BytesIO(files[path]))
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=9) as compressed:
        compressed.write(raw.getvalue())
    return out.getvalue()


def unpack(archive: bytes, limits: Limits = ARTIFACT) -> dict[str, bytes]:
    """The files of an archive, by path.

    Raises ``Terminal`` (``ArtifactFailed``) for anything but plain files at plain relative paths, each once,
    within the limits; nothing of a refused archive is returned.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(_inflate(archive, limits)), mode="r:") as tar:
            return _read(tar, limits)
    except (tarfile.TarError, zlib.error, UnicodeError, EOFError) as error:
        raise _refused(f"it cannot be read ({error})") from error


def _inflate(archive: bytes, limits: Limits) -> bytes:
    # Headers and padding of tar come on top of the files.
    most = limits.size + 4 * 1024 * limits.files + tarfile.RECORDSIZE
    decompressor = zlib.decompressobj(wbits=31)
    raw = decompressor.decompress(archive, most + 1)
    if len(raw) > max(limits.ratio_from, limits.ratio * len(archive)):
        raise _refused(f"it unpacks to more than {limits.ratio} times its size")
    if len(raw) > most:
        raise _refused(f"it unpacks to more than {limits.size // MIB} MiB")
    if not decompressor.eof or decompressor.unused_data:
        raise _refused("it is cut off, or something follows its end")
    return raw


def _read(tar: tarfile.TarFile, limits: Limits) -> dict[str, bytes]:
    members: list[tarfile.TarInfo] = []
    for member in tar:
        members.append(member)
        if len(members) > limits.files:
            raise _refused(f"it holds more than {limits.files} files")
    problems = [f"{member.name!r} is not a plain file" for member in members if not _plain(member)]
    problems += path_problems(member.name for member in members)
    if problems:
        raise _refused("; ".join(problems[:20]))
    if sum(member.size for member in members) > limits.size:
        raise _refused(f"it unpacks to more than {limits.size // MIB} MiB")
    return {member.name: _body(tar, member) for member in members}


def _plain(member: tarfile.TarInfo) -> bool:
    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
    return plain and not member.mode & SPECIAL_BITS


def _body(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    body = stream.read() if stream else b""
    if len(body) != member.size:
        raise _refused(f"{member.name!r} is cut off")
    return body


def _refused(why: str) -> Terminal:
    return Terminal(
        f"The archive is refused: {why}.",
        "Build and publish it again with `reconciler build` and `reconciler publish`; if it came from the "
        "artifact store, find out who wrote it there.",
        Reason.ARTIFACT_FAILED,
    )

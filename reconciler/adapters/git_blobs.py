"""Files in a bare, partial clone: which there are, their contents, and a tree with some of them replaced.

Called by ``git_repo``. Missing contents are fetched in one go: left to itself, git would ask the server once
for each file.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path, PurePosixPath

from reconciler.adapters.git_command import GitCommand

_REGULAR = ("100644", "100755")


def listed(git: GitCommand, copy: Path, revision: str, folder: PurePosixPath) -> dict[str, str]:
    """Blob ids of the folder's regular files at a commit, by path relative to the folder."""
    said = git.run("ls-tree", "-r", "-z", "--full-tree", revision, *_below(folder), directory=copy)
    blobs: dict[str, str] = {}
    for entry in filter(None, said.decode(errors="replace").split("\0")):
        about, _, path = entry.partition("\t")
        mode, _, blob = about.split(" ")
        if mode in _REGULAR:
            blobs[str(PurePosixPath(path).relative_to(folder))] = blob
    return blobs


def read(
    git: GitCommand, copy: Path, revision: str, folder: PurePosixPath, blobs: Set[str]
) -> dict[str, bytes]:
    """The contents of blobs of the folder at a commit."""
    if not blobs:
        return {}
    reached = git.run(
        "rev-list", "--objects", "--no-walk", "--missing=print", revision, *_below(folder), directory=copy
    )  # fmt: skip
    missing = {line[1:] for line in reached.decode(errors="replace").splitlines() if line.startswith("?")}
    if missing & blobs:
        git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none",
            "--recurse-submodules=no", "--stdin", "origin", stdin=_lines(missing & blobs), directory=copy,
        )  # fmt: skip
    return _split(git.run("cat-file", "--batch", stdin=_lines(blobs), directory=copy))


def tree_with(git: GitCommand, copy: Path, base: str, files: Mapping[str, bytes], index: Path) -> str:
    """The id of a tree that is ``base``'s with ``files`` (by path from its root) written into it."""
    env = {"GIT_INDEX_FILE": str(index)}
    git.run("read-tree", base, env=env, directory=copy)
    entries = []
    for path, body in files.items():
        blob = git.run("hash-object", "-w", "--stdin", stdin=body, directory=copy).decode().strip()
        entries.append(f"100644 {blob}\t{path}\0".encode())
    git.run("update-index", "-z", "--index-info", stdin=b"".join(entries), env=env, directory=copy)
    # The server has the other files; they need not be here for the tree to name them.
    return git.run("write-tree", "--missing-ok", env=env, directory=copy).decode().strip()


def _below(folder: PurePosixPath) -> tuple[str, ...]:
    return () if folder == PurePosixPath() else ("--", f"{folder}/")


def _lines(ids: Set[str]) -> bytes:
    return "".join(f"{one}\n" for one in sorted(ids)).encode()


def _split(batch: bytes) -> dict[str, bytes]:
    """The answer of ``cat-file --batch``: ``<id> <type> <size>``, a new line, the content, a new line."""
    bodies: dict[str, bytes] = {}
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        name, _, size = batch[at:end].decode().split(" ")
        bodies[name] = batch[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return bodies

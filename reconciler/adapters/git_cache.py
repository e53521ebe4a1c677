"""A local copy of one branch: its whole history, files only as they are asked for. May vanish at any time.

Called by ``git_repo``. One process uses it at a time. A copy that a crash left broken is thrown away and
made again: nothing is in it that the server does not have.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler.adapters.git_command import GitCommand
from reconciler.adapters.git_errors import GitFailure, Kind
from reconciler.model.errors import Transient
from reconciler.model.reason import Reason

R = TypeVar("R")

LOCK_SECONDS = 20.0
MANY_PACKS = 200
"""Each fetch leaves a pack; with this many, a new copy is cheaper than looking through them."""

_NOT_THERE = re.compile(r"not our ref|unadvertised object|find remote ref")
"""What servers say of a commit that they have not, or give nobody who only knows its id."""


@dataclass(frozen=True)
class Remote:
    """A branch of a repo on a Git server, and the folder in it that counts ("" for all of it)."""

    url: str
    branch: str = "main"
    folder: str = "environments"

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"


class GitCache:
    """A bare, partial clone below ``directory``."""

    def __init__(self, git: GitCommand, remote: Remote, directory: Path) -> None:
        self._git = git
        self._remote = remote
        name = hashlib.sha256(f"{remote.url}\n{remote.branch}".encode()).hexdigest()[:16]
        self._path = directory / f"{name}.git"
        self._lock_file = directory / f"{name}.lock"

    def use(self, work: Callable[[Path], R]) -> R:
        """Do something with the copy's path while nobody else does.

        Where git fails for no reason that the server gave, the copy is made anew and ``work`` done again.
        Raises ``GitFailure``, and ``Transient`` if others hold the copy too long.
        """
        with self._locked():
            try:
                return work(self._ready())
            except GitFailure as failure:
                if failure.kind is not Kind.LOCAL:
                    raise
            _discard(self._path)
            return work(self._ready())

    def fetch(self, path: Path) -> None:
        """Bring the branch, as it is now, into the copy; whoever rewrote it."""
        ref = self._remote.ref
        self._git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", f"+{ref}:{ref}",
            directory=path,
        )  # fmt: skip

    def fetch_commit(self, path: Path, revision: str) -> bool:
        """Bring a commit that is not on the branch into the copy; False if the server has none to give."""
        try:
            self._git.run(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", revision, directory=path
            )
        except GitFailure as failure:
            if _NOT_THERE.search(failure.said):
                return False
            raise
        return True

    def _ready(self) -> Path:
        if self._path.exists() and len(list(self._path.glob("objects/pack/*.pack"))) > MANY_PACKS:
            _discard(self._path)
        if not self._path.exists():
            self._clone()
        return self._path

    def _clone(self) -> None:
        """Clone beside the final place, so that a clone that dies is never taken for a whole one."""
        unfinished = self._path.with_suffix(".unfinished")
        _discard(unfinished)
        try:
            # Servers that know no filters ignore the wish and send everything.
            self._git.run(
                "clone", "--quiet", "--bare", "--no-local", "--filter=blob:none", "--single-branch",
                "--no-tags", "--template=", "--branch", self._remote.branch,
                "--", self._remote.url, str(unfinished),
            )  # fmt: skip
            unfinished.rename(self._path)
        finally:
            _discard(unfinished)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("w") as held:
            deadline = time.monotonic() + LOCK_SECONDS
            while not _taken(held.fileno()):
                if time.monotonic() > deadline:
                    raise Transient(
                        f"Another process has used {self._path} for over {LOCK_SECONDS:g} s.",
                        reason=Reason.GIT_OPERATION_FAILED,
                    )
                time.sleep(0.02)
            yield  # the lock goes with the file, also when the process dies


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""A stack's folder and the lock that says whether anything of it runs.

The lock is held by the supervisor and, inherited, by the leash of each server: free means that the
supervisor and all that it started are gone. The kernel lets go of it, however a process ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

MARK = ".local-stack"
SUPERVISOR_LOG = "supervisor.log"


@dataclass(frozen=True)
class Home:
    """A stack's folder. `path` is absolute."""

    path: Path

    @staticmethod
    def at(path: Path) -> Home:
        return Home(path.resolve())

    @property
    def supervisor_log(self) -> Path:
        """Written by a detached supervisor from before it takes the home."""
        return self.path / SUPERVISOR_LOG

    def take(self) -> int:
        """Empty the folder and hold its lock; returns the lock's descriptor.

        Raises LocalError if a stack runs here, or if the folder holds something that is not a stack's.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = self.path / MARK
        others = [item for item in self.path.iterdir() if item not in (lock, self.supervisor_log)]
        if others and not lock.exists():
            raise LocalError(f"{self.path} is not empty and not a stack's", "choose another --home")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        if not _try_lock(descriptor):
            os.close(descriptor)
            raise LocalError(f"a stack already runs in {self.path}", "end it with `make down`")
        for item in others:
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
        os.set_inheritable(descriptor, True)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def supervisor(self) -> int | None:
        """Pid of who started the stack that runs here; None when nothing of it runs.

        That process may be gone already while its servers are still ending.
        """
        lock = self.path / MARK
        if not lock.exists():
            return None
        descriptor = os.open(lock, os.O_RDWR)
        try:
            return None if _try_lock(descriptor) else int(os.read(descriptor, 32) or b"0")
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

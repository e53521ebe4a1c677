"""Asks a warm interpreter to run a script; starts it where there is none. See `server.py`."""

from __future__ import annotations

import array
import fcntl
import hashlib
import json
import os
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lib.warm.server import LENGTH, STATUS, TAKEN

SERVER = Path(__file__).with_name("server.py")
_TRIES = 3


class WarmFailed(Exception):
    """The interpreter could not be started, or ended before the script did; the message says why."""


class Job:
    """A script that runs. Leaving the `with` block before it has ended kills it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def wait(self) -> int:
        """Its exit code; -n where signal n has killed it. Raises WarmFailed."""
        status = b""
        while len(status) < STATUS.size:
            part = self._connection.recv(STATUS.size - len(status))
            if not part:
                raise WarmFailed("the warm interpreter has ended, and the script with it")
            status += part
        return int(STATUS.unpack(status)[0])

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Warm:
    """An interpreter with modules imported, shared by all tasks of a container that want the same.

    `path` goes before the others on its `sys.path`. It ends by itself after `idle` seconds without a
    caller, or when the release that this file is part of was deleted. The next caller starts it anew.
    """

    interpreter: str
    modules: tuple[str, ...]
    path: str = ""
    idle: float = 600.0

    @contextmanager
    def start(
        self,
        script: Path,
        arguments: Sequence[str] = (),
        *,
        streams: tuple[int, int, int],
        environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> Iterator[Job]:
        """Begin to run `script arguments...`.

        `streams` are the file descriptors that become its stdin, stdout and stderr; `environment` is all that
        it sees of variables; `folder` is where it runs (default: /). Raises WarmFailed.
        """
        asked = {
            "script": str(script),
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder or "/"),
        }
        with Job(self._ask(json.dumps(asked).encode(), streams)) as job:
            yield job

    def _ask(self, body: bytes, streams: tuple[int, int, int]) -> socket.socket:
        place = self._place()
        for _ in range(_TRIES):
            connection = _connected(place) or self._started(place)
            if _taken(connection, body, streams):
                return connection
            connection.close()  # it was about to end: nothing was begun
        raise WarmFailed(f"{self.interpreter} ends before it takes a script: see {place.with_suffix('.log')}")

    def _place(self) -> Path:
        """The socket of just this interpreter, these modules and this release."""
        found = Path(self.interpreter).stat()
        parts = (self.interpreter, found.st_ino, found.st_mtime_ns, *self.modules, self.path, SERVER)
        digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
        return _private_folder() / f"{digest}.sock"

    def _started(self, place: Path) -> socket.socket:
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(WarmFailed):  # another caller was quicker
                return _connected(place) or _refused(place)
            log = place.with_suffix(".log")
            with log.open("w") as output:
                code = subprocess.call(
                    [
                        self.interpreter,
                        "-P",
                        str(SERVER),
                        str(place),
                        str(self.idle),
                        self.path or str(SERVER.parent),
                        *self.modules,
                    ],
                    # It outlives its starter, whose variables (and secrets) are not its business.
                    env={
                        "PATH": os.environ.get("PATH", os.defpath),
                        "HOME": str(place.parent),
                        "LANG": "C.UTF-8",
                        # Threads of a library would not survive the fork.
                        "OPENBLAS_NUM_THREADS": "1",
                        "OMP_NUM_THREADS": "1",
                    },
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            if code:
                raise WarmFailed(f"{self.interpreter} ended with code {code}: {log.read_text()[-2000:]}")
            return _connected(place) or _refused(place)


def _refused(place: Path) -> socket.socket:
    raise WarmFailed(f"nobody answers at {place}")


def _private_folder() -> Path:
    """A folder that only this user may enter. Raises WarmFailed where another has made it."""
    folder = Path(tempfile.gettempdir()) / f"finedge-warm-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise WarmFailed(f"{folder} is not a private folder of this user")
    return folder


def _connected(place: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{place.name}")
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    finally:
        os.close(folder)
    return connection


def _taken(connection: socket.socket, body: bytes, streams: tuple[int, int, int]) -> bool:
    """Whether the server has taken the request: before that, nothing of it was begun."""
    try:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
        connection.sendmsg([LENGTH.pack(len(body))], rights)
        connection.sendall(body)
        return connection.recv(len(TAKEN)) == TAKEN
    except (BrokenPipeError, ConnectionResetError):
        return False

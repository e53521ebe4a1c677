"""Hands jobs to the server that has dbt ready (`server.py`), and starts it where there is none.

One server per machine, user, dbt and version of the server's own code. It listens on a socket in a folder
that nobody else may enter, and ends by itself when nobody has asked for some minutes. Secrets travel through
that socket alone: they are in no argument, file or inherited environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.dbt import server

SERVER = Path(server.__file__)
_TRIES, _STARTING_SECONDS = 3, 60
_LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Job:
    """Commands for dbt on a project.

    `shaping` are the environment variables that its graph may depend on, `connecting` all others; `parse` is
    the command that makes the graph. dbt sees none but these variables.
    """

    project: str
    commands: list[list[str]]
    parse: list[str]
    shaping: dict[str, str]
    connecting: dict[str, str]


class ServerGone(Exception):
    """The server ended before it answered."""


def invoke(executable: str, job: Job, say: Callable[[str], object]) -> dict[str, Any]:
    """Have a job done: its lines go to `say`; returns {"results": [...]} or {"error": why it did not run}.

    Raises FileNotFoundError: there is no dbt. ServerGone: it was killed. When the caller dies, dbt is
    interrupted.
    """
    found = shutil.which(executable)
    if found is None:
        raise FileNotFoundError(f"dbt was not found at {executable!r}: set FINEDGE_DBT to its place")
    # Not resolved: a link to the interpreter is what makes it the environment's.
    python = Path(found).with_name("python")
    path = folder() / f"{_digest(python)}.sock"
    for _ in range(_TRIES):
        with _connected(python, path) as connection:
            answer = _ask(connection, job, say)
        if answer is not None:
            return answer
    raise ServerGone(f"dbt's server does not stay: {path.with_suffix('.log').read_text()[-2000:]}")


def _ask(connection: socket.socket, job: Job, say: Callable[[str], object]) -> dict[str, Any] | None:
    """The answer; None where the server ended before it began, so that another may be asked."""
    began = False
    try:
        connection.sendall(json.dumps(asdict(job)).encode() + b"\n")
        for line in connection.makefile("r", encoding="utf-8", errors="replace"):
            if line.startswith("\x1e"):
                answer: dict[str, Any] = json.loads(line[1:])
                return answer
            began = True
            if line.strip():
                say(line.rstrip())
    except (BrokenPipeError, ConnectionResetError):
        pass
    if began:
        raise ServerGone("dbt ended in the middle of the job")
    return None


def folder() -> Path:
    """Where sockets, locks and parsed projects are. Raises PermissionError: it is somebody else's."""
    place = Path(tempfile.gettempdir()) / f"finedge-dbt-{os.getuid()}"
    if len(str(place)) > _LONGEST_SOCKET_PATH - 40:
        place = Path("/tmp") / place.name  # noqa: S108 - owned and checked below
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{place} is not a folder of ours alone")
    return place


@contextmanager
def _connected(python: Path, path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        if not _reached(connection, path):
            with _exclusive(path.with_suffix(".lock")):
                if not _reached(connection, path):
                    _start(python, path)
                    _wait(connection, path)
        yield connection


def _reached(connection: socket.socket, path: Path) -> bool:
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


def _start(python: Path, path: Path) -> None:
    log = path.with_suffix(".log")
    with log.open("w") as output:
        subprocess.Popen(
            [str(python), "-I", str(SERVER), str(path)],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(path.parent)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait(connection: socket.socket, path: Path) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    while not _reached(connection, path):
        if time.monotonic() > deadline:
            raise TimeoutError(f"dbt's server did not start: {path.with_suffix('.log').read_text()[-2000:]}")
        time.sleep(0.02)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _digest(python: Path) -> str:
    return hashlib.sha256(str(python).encode() + b"\0" + SERVER.read_bytes()).hexdigest()[:16]

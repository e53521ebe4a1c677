"""Keeps dbt imported and projects parsed, and forks a process for each job. Run by dbt's own interpreter.

Usage: server.py SOCKET. `lib.dbt.client` starts it and talks to it: a line of JSON (a `Job`) comes in; dbt's
own lines go out, and last a line that begins with \\x1e, with the results as JSON. Starting dbt costs two to
three seconds of a processor, reading a parsed project half a second; a fork that has both costs nothing.

Secrets are known to the forked processes alone. A job is interrupted when its client goes away.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

IDLE_SECONDS = 300.0
QUIET = [
    "--no-use-colors",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
    "--log-level-file",
    "none",
]
# Its graph is known: what dbt would write about it costs more than a small model.
LEAN = ["--no-write-json", "--cache-selected-only"]
_INTERRUPT_SECONDS = 20


def main(path: str) -> None:
    """Listen until nobody has asked for a while."""
    listener = _listen(path)
    from dbt.cli.main import dbtRunner  # noqa: F401 - the point of it all

    _import_adapters()
    keeper = Keeper(Path(path).parent)
    # What is there now is there for ever: forks need not copy it.
    gc.freeze()
    children: set[int] = set()
    while True:
        listener.settimeout(5 if children else IDLE_SECONDS)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            _reap(children)
            if children:
                continue
            break
        _reap(children)
        with connection:
            if pid := _serve(listener, connection, keeper):
                children.add(pid)
    # First unreachable, then away: whoever comes now starts another.
    Path(path).unlink(missing_ok=True)


def _listen(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    Path(path).chmod(0o600)
    listener.listen(128)
    return listener


def _import_adapters() -> None:
    """Import what a connection would import first of all."""
    with contextlib.suppress(ImportError):
        import dbt.adapters.snowflake
        import snowflake.connector  # noqa: F401
    with contextlib.suppress(ImportError):
        import dbt.adapters.postgres  # noqa: F401


def _reap(children: set[int]) -> None:
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)


def _serve(listener: socket.socket, connection: socket.socket, keeper: Keeper) -> int:
    """Read a job and fork for it; returns the child's number, or 0."""
    connection.settimeout(30)
    try:
        line = connection.makefile("rb").readline()
        job = json.loads(line) if line else None
    except (OSError, ValueError):
        return 0
    if job is None:
        return 0
    connection.settimeout(None)
    try:
        manifest, problem = keeper.manifest(job)
    except Exception as error:  # of one project: the others go on
        manifest, problem = None, f"{type(error).__name__}: {error}"
    pid = os.fork()
    if pid:
        return pid
    listener.close()
    code = 1
    try:
        _child(connection, job, manifest, problem)
        code = 0
    finally:
        os._exit(code)


class Keeper:
    """Parsed projects, by what they were parsed from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Any] = {}

    def manifest(self, job: dict[str, Any]) -> tuple[Any, str]:
        """The graph of a job's project, or why there is none."""
        key = _key(job)
        if key not in self._kept:
            found, problem = self._parse(job, self._folder / f"parsed-{key}")
            if problem:
                return None, problem
            self._kept = {**dict(list(self._kept.items())[-3:]), key: found}
            gc.freeze()
        return self._kept[key], ""

    def _parse(self, job: dict[str, Any], target: Path) -> tuple[Any, str]:
        """In this process, so that forks have it. Only with variables that are no secrets."""
        from dbt.cli.main import dbtRunner

        output, before = io.StringIO(), dict(os.environ)
        _only(job["shaping"])
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                done = dbtRunner().invoke([*QUIET, *job["parse"], *_places(job["project"], target)])
        finally:
            _only(before)
        if done.success:
            return done.result, ""
        return None, f"{done.exception or ''} {output.getvalue()[-4000:]}".strip()


def _key(job: dict[str, Any]) -> str:
    """Of the project's files as they are now, and of all that dbt may make of them."""
    digest = hashlib.sha256(
        json.dumps([job["project"], job["shaping"], job["parse"]], sort_keys=True).encode()
    )
    for file in sorted(Path(job["project"]).rglob("*")):
        found = file.stat()
        digest.update(f"{file}|{found.st_mtime_ns}|{found.st_size}\n".encode())
    return digest.hexdigest()[:16]


def _only(variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _places(project: str, target: Path) -> list[str]:
    folders = {
        "--project-dir": project,
        "--profiles-dir": project,
        "--target-path": target,
        "--log-path": target,
    }
    return [str(part) for pair in folders.items() for part in pair]


def _child(connection: socket.socket, job: dict[str, Any], manifest: Any, problem: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out = connection.makefile("w", encoding="utf-8", buffering=1)
    answer: dict[str, Any] = {"error": problem}
    if not problem:
        threading.Thread(target=_interrupt_when_gone, args=(connection,), daemon=True).start()
        scratch = Path(tempfile.mkdtemp(prefix="job-"))
        sys.stdout = sys.stderr = out
        _only({**job["shaping"], **job["connecting"]})
        try:
            answer = _run(job, manifest, scratch)
        except BaseException as error:  # whatever it is, the client has to know
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    with contextlib.suppress(OSError):
        out.write(f"\n\x1e{json.dumps(answer)}\n")
        out.flush()


def _interrupt_when_gone(connection: socket.socket) -> None:
    """As by Ctrl-C: dbt then cancels what it has running in the warehouse."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_INTERRUPT_SECONDS)
    os._exit(1)


def _run(job: dict[str, Any], manifest: Any, scratch: Path) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner

    results: list[dict[str, Any]] = []
    for command in job["commands"]:
        done = dbtRunner(manifest=manifest).invoke(
            [*QUIET, *LEAN, *command, *_places(job["project"], scratch)]
        )
        if done.exception is not None:
            return {"error": f"{type(done.exception).__name__}: {done.exception}"}
        results += [_told(one) for one in getattr(done.result, "results", None) or ()]
        if not done.success:
            break
    return {"results": results}


def _told(result: Any) -> dict[str, Any]:
    node, message = result.node, result.message
    if getattr(result, "age", None) is not None:
        message = f"last loaded {result.max_loaded_at:%Y-%m-%d %H:%M} UTC, {result.age / 3600:.1f} h ago"
    return {
        "id": node.unique_id,
        "name": node.name,
        "type": str(node.resource_type),
        "status": str(result.status),
        "message": message,
        "failures": getattr(result, "failures", None),
        "seconds": result.execution_time,
        "adapter": {key: str(value) for key, value in (result.adapter_response or {}).items()},
    }


if __name__ == "__main__":
    main(sys.argv[1])

"""Imports what is slow to import, then forks for each script that it is asked to run.

Usage: server.py SOCKET IDLE_SECONDS PATH MODULE... (PATH is put before the others on `sys.path`). Run by the
interpreter whose modules these are; standard library only, and Linux. It answers on a Unix socket in a
folder that only its owner may enter. The process that was started ends with 0 once the socket answers; what
serves is its child, in a session of its own.

It ends when nobody has called for IDLE_SECONDS, and when this file or the socket is gone or another's.
A script ends with its caller: who hangs up has it killed, and what it started too.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

LOOK_SECONDS = 2.0
TAKEN = b"!"
STATUS = struct.Struct("!i")
LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1


def main(place: str, idle: float, path: str, modules: list[str]) -> None:
    """Import, listen, detach, serve."""
    sys.path.insert(0, path)
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # else each fork copies what the collector touches
    listener = listen(Path(place))
    if os.fork():
        os._exit(0)
    Server(listener, Path(place), idle).serve()


def listen(place: Path) -> socket.socket:
    """A socket that is there at once or not at all; one that nobody serves any more is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made = place.with_suffix(f".{os.getpid()}")
    folder = os.open(place.parent, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/{made.name}")  # names of sockets may have 108 bytes only
    os.close(folder)
    listener.listen(128)
    made.replace(place)
    return listener


class Server:
    """Callers by the process that works for them."""

    def __init__(self, listener: socket.socket, place: Path, idle: float) -> None:
        self._listener, self._place, self._idle = listener, place, idle
        self._callers: dict[int, socket.socket] = {}
        self._last = time.monotonic()
        self._inode = place.stat().st_ino
        self._ends, self._wake = socket.socketpair()
        for end in (self._ends, self._wake):
            end.setblocking(False)

    def serve(self) -> None:
        """Until there is no more need for it."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while self._callers or self._wanted():
            poll = select.poll()
            poll.register(self._listener, select.POLLIN)
            poll.register(self._ends, select.POLLIN)
            for caller in self._callers.values():
                poll.register(caller, select.POLLRDHUP)
            ready = {number for number, _ in poll.poll(LOOK_SECONDS * 1000)}
            self._end_orphans(ready)
            if self._ends.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    self._ends.recv(4096)
            self._reap()
            if self._listener.fileno() in ready:
                self._accept()
        if self._ours():
            self._place.unlink()

    def _wanted(self) -> bool:
        return time.monotonic() - self._last < self._idle and Path(__file__).exists() and self._ours()

    def _ours(self) -> bool:
        try:
            return self._place.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _accept(self) -> None:
        caller, _ = self._listener.accept()
        self._last = time.monotonic()
        process = os.fork()
        if process == 0:
            signal.set_wakeup_fd(-1)
            for other in (self._listener, self._ends, self._wake, *self._callers.values()):
                other.close()
            work(caller)
        self._callers[process] = caller

    def _end_orphans(self, ready: set[int]) -> None:
        for process, caller in self._callers.items():
            if caller.fileno() in ready:
                end_family(process)

    def _reap(self) -> None:
        """Tell the callers of those that have ended."""
        while self._callers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            end_family(process)
            self._last = time.monotonic()
            with self._callers.pop(process) as caller, contextlib.suppress(OSError):
                caller.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))


def end_family(process: int) -> None:
    """Kill what has this process as its group's leader, and itself where it leads none yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)


def work(caller: socket.socket) -> NoReturn:
    """In the forked process: take the caller's place, run the script, end."""
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # no script outlives its server
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        asked, streams = receive(caller)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        caller.sendall(TAKEN)
        code = run(asked)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def receive(caller: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What is asked, and the caller's stdin, stdout and stderr."""
    data, control, _, _ = caller.recvmsg(LENGTH.size, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i")
    for _, _, found in control:
        streams.frombytes(found)
    (length,) = LENGTH.unpack(data)
    body = bytearray()
    while len(body) < length:
        part = caller.recv(length - len(body))
        if not part:
            raise SystemExit("the caller left in the middle of its request")
        body += part
    return json.loads(body), list(streams)


def run(asked: dict[str, Any]) -> int:
    """Run the script as `python script arguments...` would; returns its exit code."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    tempfile.tempdir = None  # remembered from the server's variables, perhaps
    sys.argv = [asked["script"], *asked["arguments"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    try:
        runpy.run_path(asked["script"], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:])

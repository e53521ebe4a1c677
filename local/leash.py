"""Keeps one server on a leash: when whoever holds the other end of stdin goes away, the server's family dies.

Run as a small process of its own, by path, between a supervisor and a server (`local.processes` starts it):
`python -I leash.py [--user NAME] [--signal NAME] [--grace SECONDS] [--remove FOLDER] -- COMMAND...`.
Standard library only.
It ends the family on end of file (the supervisor closed the pipe, was killed, or crashed), on SIGTERM,
SIGINT or SIGHUP, and when the server itself ends. First the server gets its signal and a grace time in
seconds; then everything that descends from it is killed, even what moved to a session of its own.
Last, `--remove` deletes the server's scratch folder. It never restarts anything. Its exit code is the
server's (128 + n for signal n).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the leash is pulled; returns its exit code."""
    options = _parse(arguments)
    wakeups = _wake_on(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans of the family become ours, whatever session they are in
    server = subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=options.user,
        extra_groups=[] if options.user else None,
        # Should the leash itself be killed, at least the server must not outlive it. No threads here.
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509
    )
    _wait_for_the_end(server, wakeups)
    _end_family(server, options.signal, options.grace)
    code = server.wait()
    if options.remove:
        shutil.rmtree(options.remove, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="leash")
    parser.add_argument("--user")
    parser.add_argument("--signal", type=lambda name: signal.Signals[name], default=signal.SIGTERM)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument("--remove", type=Path)
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _wake_on(*signals: signal.Signals) -> int:
    """A descriptor that becomes readable, with the signal's number, at each of these signals."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in signals:
        signal.signal(number, lambda *_: None)
    return readable


def _prctl(option: int, value: int) -> None:
    # Other systems have no such call; there the family is what the process table still shows.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _wait_for_the_end(server: subprocess.Popen[bytes], wakeups: int) -> None:
    while server.poll() is None:
        ready, _, _ = select.select([sys.stdin.fileno(), wakeups], [], [])
        if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 4096):
            return
        if wakeups in ready and any(number != signal.SIGCHLD for number in os.read(wakeups, 64)):
            return
        _reap_orphans(server.pid)


def _reap_orphans(server: int) -> None:
    for pid in family(os.getpid()):
        if pid != server:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _end_family(server: subprocess.Popen[bytes], first: signal.Signals, grace: float) -> None:
    if server.poll() is None:
        server.send_signal(first)
        _poll_until(lambda: server.poll() is not None, grace)
    _poll_until(lambda: _kill_all(server), 10)


def _kill_all(server: subprocess.Popen[bytes]) -> bool:
    for pid in family(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    _reap_orphans(server.pid)
    return server.poll() is not None and not family(os.getpid())


def _poll_until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)


def family(root: int) -> list[int]:
    """Every process that descends from `root` now, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for pid, parent in _process_table():
        children.setdefault(parent, []).append(pid)
    found, ahead = [], [root]
    while ahead:
        below = children.get(ahead.pop(), [])
        found.extend(below)
        ahead.extend(below)
    return found


def _process_table() -> Iterator[tuple[int, int]]:
    """(pid, parent pid) of everything that runs, this call's own helper process excepted."""
    if Path("/proc/self/stat").exists():
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # The command's name may hold anything, so read behind its closing parenthesis.
                yield int(entry.parent.name), int(entry.read_text().rpartition(")")[2].split()[1])
        return
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True) as listing:
        for line in listing.communicate()[0].splitlines():
            pid, parent = line.split()
            if int(pid) != listing.pid:
                yield int(pid), int(parent)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

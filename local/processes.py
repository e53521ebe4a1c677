"""Starts servers on a leash (`local.leash`), finds free ports and waits until a server answers.

Called by every part that runs a server. Whoever calls `start` is the supervisor: when it goes away, however
it does, what it started goes too. Never starts anything in the caller's own process group.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import ServerDied

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Command:
    """What to run.

    `env` is the whole environment, `end_with` the signal that asks it to end politely, `grace` the seconds it
    then has. `scratch` is deleted once it has ended, however that came about.
    """

    arguments: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None = None
    user: str | None = None
    end_with: signal.Signals = signal.SIGTERM
    grace: float = 5.0
    scratch: Path | None = None


@dataclass
class Process:
    """A running server. `log` holds its output."""

    name: str
    log: Path
    leash: subprocess.Popen[bytes] = field(repr=False)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.leash.poll() is None

    def let_go(self) -> None:
        """Ask it to end, without waiting."""
        if self.leash.stdin is not None:
            self.leash.stdin.close()

    def stop(self, timeout: float = 30) -> None:
        """End it with all that descends from it; returns when nothing of it runs. Safe to call twice."""
        self.let_go()
        self.leash.wait(timeout)


def start(name: str, command: Command, log: Path) -> Process:
    """Run a command on a leash. Output is appended to `log`; the command sees an empty stdin."""
    log.parent.mkdir(parents=True, exist_ok=True)
    options = ["--signal", command.end_with.name, "--grace", str(command.grace)]
    if command.user:
        options += ["--user", command.user]
    if command.scratch:
        options += ["--remove", str(command.scratch)]
    with log.open("ab") as output:
        leash = subprocess.Popen(
            [sys.executable, "-I", str(LEASH), *options, "--", *command.arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(command.env),
            cwd=command.cwd,
            start_new_session=True,
            # What was made inheritable on purpose (a home's lock) is held by the leash, not by the server.
            close_fds=False,
        )
    return Process(name, log, leash)


def stop_all(processes: Iterable[Process]) -> None:
    """End them all at the same time."""
    ending = list(processes)
    for process in ending:
        process.let_go()
    for process in ending:
        process.stop()


def free_ports(count: int) -> list[int]:
    """Different ports on loopback that nobody listens on at this moment."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """A port on loopback that nobody listens on at this moment."""
    return free_ports(1)[0]


def answers(url: str, timeout: float = 2) -> bool:
    """Whether an HTTP server answers there, with whatever status below 500."""
    try:
        with urllib.request.urlopen(url, timeout=timeout):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def wait_for(process: Process, ready: Callable[[], bool], seconds: float) -> None:
    """Poll until `ready()`. Raises ServerDied if the process ends first or the seconds pass."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not process.alive():
            raise ServerDied(process.name, process.log, f"ended with code {process.leash.returncode}")
        if time.monotonic() > deadline:
            raise ServerDied(process.name, process.log, f"not ready after {seconds:.0f} s")
        time.sleep(0.05)


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until `done()`, half of the time at most. Raises TimeoutError naming `what` in the end."""
    deadline, looked = time.monotonic() + seconds, time.monotonic()
    while not done():
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"{what}: not so after {seconds:.0f} s")
        time.sleep(max(0.05, now - looked))
        looked = time.monotonic()

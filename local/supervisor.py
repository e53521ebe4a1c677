"""A stack that stays up after the command that started it: a detached process that holds all the leashes.

Called by `python -m local`. `end` is complete when the home's lock is free, that is when the supervisor and
every server it started are gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from local.environments import ROOT
from local.errors import LocalError, tail
from local.home import Home
from local.options import StackOptions
from local.processes import wait_until
from local.stack import Stack
from local.stack_info import StackInfo

Say = Callable[[str], None]
ERROR = "error: "


def supervise(home: Path, options: Callable[[], StackOptions]) -> None:
    """Start a stack and hold it until SIGTERM or SIGINT. Ends the process; never returns."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    code = 0
    try:
        stack = Stack.up(home, options(), _print)
        with contextlib.suppress(KeyboardInterrupt):
            _watch(stack)
        stack.down()
    except LocalError as error:
        _print(f"{ERROR}{error}")
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.stdout.flush()
    os._exit(code)  # threads that still start something must not hold this up: their servers end with us


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _watch(stack: Stack) -> None:
    known: set[str] = set()
    while True:
        for name in set(stack.dead()) - known:
            _print(f"{name} ended by itself; see its log in {stack.info.logs}")
            known.add(name)
        time.sleep(1)


def _print(line: str) -> None:
    print(line, flush=True)


def begin(home: Path, arguments: list[str], say: Say) -> StackInfo:
    """Start a detached supervisor (`arguments` go to its command line); returns once the stack is up.

    `say` gets each line of progress. Raises LocalError if a stack runs there already or does not come up.
    Interrupted, it takes the supervisor down.
    """
    place = Home.at(home)
    if place.supervisor() is not None:
        raise LocalError(f"a stack already runs in {home}", "`make down` ends it, `make status` describes it")
    (place.path / "stack.json").unlink(missing_ok=True)  # an earlier stack's would look like success
    log = place.supervisor_log
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "local", "supervise", "--home", str(place.path), *arguments]
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        for line in _follow(log, supervisor, place.path / "stack.json"):
            say(line)
    except BaseException:
        supervisor.terminate()
        supervisor.wait(60)
        raise
    if supervisor.poll() is not None:
        raise LocalError(f"the stack did not come up:\n{tail(log)}", f"read {log}")
    return StackInfo.read(place.path)


def _follow(log: Path, supervisor: subprocess.Popen[bytes], done: Path) -> Iterator[str]:
    """Lines as they are written, until the stack is up or its supervisor has ended."""
    with log.open() as lines:
        while True:
            over = done.exists() or supervisor.poll() is not None
            yield from (line.rstrip() for line in lines if not line.startswith(ERROR))
            if over:
                return
            time.sleep(0.1)


def end(home: Path) -> bool:
    """End the stack that runs in a home; returns False when none did. Complete when it returns."""
    place = Home.at(home)
    pid = place.supervisor()
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    try:
        wait_until(lambda: place.supervisor() is None, 40, "ending")
    except TimeoutError:
        # Without its supervisor each leash ends its server by itself.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: place.supervisor() is None, 40, f"ending what the supervisor {pid} started")
    return True


def alive(pid: int) -> bool:
    """Whether a process of ours runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

"""Kills the function `reconcile` (SIGKILL, its whole sandbox) while a tick is under way, and proves that.

The proof is the lease: it names the invocation that took it, and only that one gives it back. Held by the
same invocation before the kill and after the process is gone, it says that the tick had begun and not ended.
Besides, the function's log says of that invocation that its process was killed.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from local.processes import wait_until
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.system_clock import SystemClock
from tests.race_real.stage import DEV, Stage

LATEST = 5.0
"""A tick is killed at a random moment of its first seconds; its work may take six."""

SOON = 0.4
"""Or so soon (seconds) after something was seen to be open: a write that was begun, a DAG that is fenced."""

AIMED = 0.5
"""The share of ticks that are killed so."""


@dataclass(frozen=True)
class Kill:
    """A tick that was killed: the invocation, how long it had the lease (seconds), what it was about."""

    at: float
    invocation: str
    after: float
    fences: tuple[str, ...]
    intents: tuple[str, ...]
    phase: str
    recovered: float = 0

    def __str__(self) -> str:
        open_now = ", ".join((*(f"fence of {name}" for name in self.fences), *self.intents)) or "nothing open"
        return f"{self.invocation[:8]} after {self.after:.2f} s ({self.phase}; {open_now})"


@dataclass
class Killer:
    """Kills as many ticks as it was armed for."""

    stage: Stage
    seed: int
    kills: list[Kill] = field(default_factory=list)
    armed: int = 0
    missed: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(f"killer {self.seed}")

    def work(self, stop: threading.Event) -> None:
        """Until told to stop. What is not hit because its tick ended before is left for the next tick."""
        last = ""
        while not stop.wait(0.02):
            holder = self._holder()
            if len(self.kills) >= self.armed or not holder or holder == last:
                continue
            last = holder
            self._attack(holder, stop)

    def _attack(self, holder: str, stop: threading.Event) -> None:
        began = time.monotonic()
        delay, aimed = self._chance.uniform(0, LATEST), self._chance.random() < AIMED
        soon, opened = self._chance.uniform(0, SOON), float("inf")
        while time.monotonic() < (opened + soon if aimed else began + delay):
            if self._holder() != holder:
                self.missed += 1
                return
            if aimed and opened == float("inf") and self._something_open():
                opened = time.monotonic()
            stop.wait(0.02)
        pids = list(self._sandboxes())
        if not pids or self._holder() != holder:
            self.missed += 1
            return
        for pid in pids:
            _kill(pid)
        after = time.monotonic() - began
        wait_until(lambda: not any(map(_runs, pids)), 20, "the killed function is gone")
        if self._holder() != holder:
            # It had just ended by itself.
            self.missed += 1
            return
        if self._was_cut_off(holder):
            self._keep(holder, after)
            self._await_next(holder)
        else:
            # Its time was over in that moment.
            self.missed += 1

    def _something_open(self) -> bool:
        state = self._store.load(DEV)
        return bool(state.fences or state.intents)

    def _was_cut_off(self, holder: str) -> bool:
        log = Path(self.stage.info.logs) / "functions" / f"{self.stage.info.functions['Reconcile']}.log"
        said = f"RequestId: {holder} Runtime.ExitError: Runtime exited with code -{signal.SIGKILL.value}"
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: said in log.read_text(), 10, f"the log says {said!r}")
        return said in log.read_text()

    def _keep(self, holder: str, after: float) -> None:
        state = self.stage.state()
        phase = state.operation.phase.value if state.operation else "none"
        fences, intents = tuple(sorted(state.fences)), tuple(sorted(state.intents))
        self.kills.append(Kill(time.time(), holder, after, fences, intents, phase))

    def _await_next(self, holder: str) -> None:
        """The next tick takes over when the lease has run out, not before."""
        token = self._token()
        wait_until(lambda: self._token() > token, 180, f"a tick takes over from {holder}, which was killed")
        last = self.kills[-1]
        fields = {**vars(last), "recovered": time.time() - last.at}
        self.kills[-1] = Kill(**fields)

    @cached_property
    def _dynamodb(self) -> Any:
        return self.stage.aws("dynamodb")

    @cached_property
    def _store(self) -> DynamoStateStore:
        return DynamoStateStore(self._dynamodb, self.stage.info.table, SystemClock())

    def _holder(self) -> str:
        """Who holds dev's lease; empty if nobody does."""
        return str(self._lease().get("holder", {}).get("S", ""))

    def _token(self) -> int:
        """Grows with each tick that takes the lease."""
        return int(self._lease().get("token", {}).get("N", "0"))

    def _lease(self) -> Any:
        key = {"pk": {"S": f"ENV#{DEV}"}, "sk": {"S": "LEASE"}}
        found = self._dynamodb.get_item(TableName=self.stage.info.table, Key=key, ConsistentRead=True)
        return found.get("Item", {})

    def _sandboxes(self) -> Iterator[int]:
        """The processes of `reconcile` in this stack, each the head of its sandbox's process group."""
        own = f"AWS_LAMBDA_FUNCTION_NAME={self.stage.info.functions['Reconcile']}".encode()
        home = self.stage.info.home.encode()
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            pid = int(folder.name)
            ours = any(name.startswith(b"TMPDIR=" + home) for name in variables)
            if own in variables and ours and _leads(pid) and _runs(pid):
                yield pid


def _leads(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

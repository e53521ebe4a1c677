"""The S3 folder with its past, and the containers that copy it file by file, each at its own moments.

A container's copy is not kept: it is worked out from the folder's past when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from math import floor
from zlib import crc32

from reconciler.adapters.memory.dag_folder import MemoryDagFolder
from tests.race.events import Simulation

PERIOD, JITTER, COPYING = 0.75, 0.1, 0.15
"""Shares of syncSeconds: between two copies, by how much a copy is late, and how long it takes at most."""


class PastFolder(MemoryDagFolder):
    """The DAG folder's twin; remembers what each key held when. ``appeared`` is told of each new key."""

    def __init__(self, simulation: Simulation, appeared: Callable[[str], None] = lambda key: None) -> None:
        super().__init__()
        self._simulation = simulation
        self.appeared = appeared
        self._times: dict[str, list[float]] = {}
        self._bodies: dict[str, list[bytes | None]] = {}
        self.last_write = -1e9

    def put(self, key: str, body: bytes, if_match: str | None) -> str:
        """See ``ports.DagFolder``."""
        etag = super().put(key, body, if_match)
        self._remember(key, body)
        return etag

    def delete(self, key: str, if_match: str) -> None:
        """See ``ports.DagFolder``."""
        super().delete(key, if_match)
        self._remember(key, None)

    def tamper(self, key: str, body: bytes | None) -> None:
        """See ``MemoryDagFolder``."""
        super().tamper(key, body)
        self._remember(key, body)

    def held(self, key: str, moment: float) -> bytes | None:
        """What a key held at a moment."""
        number = bisect_right(self._times.get(key, ()), moment)
        return self._bodies[key][number - 1] if number else None

    def versions(self, key: str) -> list[tuple[float, bytes | None]]:
        """All that a key ever held, oldest first, and since when."""
        return list(zip(self._times.get(key, ()), self._bodies.get(key, ()), strict=True))

    def last_change(self, key: str) -> float:
        """When a key was written or deleted last; long ago, if never."""
        times = self._times.get(key)
        return times[-1] if times else -1e9

    def _remember(self, key: str, body: bytes | None) -> None:
        with self._lock:
            new = key not in self._times
            self.last_write = self._simulation.now
            self._times.setdefault(key, []).append(self._simulation.now)
            self._bodies.setdefault(key, []).append(body)
        if new:
            self.appeared(key)


class Container:
    """One container of Airflow: its copy of the folder, never older than ``sync_seconds``, and its clock."""

    def __init__(self, name: str, folder: PastFolder, simulation: Simulation, sync_seconds: float) -> None:
        random = simulation.random(f"container {name}")
        self.name = name
        self.skew = random.uniform(-2.0, 2.0)
        self._folder = folder
        self._simulation = simulation
        self._sync = sync_seconds
        self._phase = random.uniform(0, PERIOD * sync_seconds)
        self._late = [random.uniform(0, JITTER * sync_seconds) for _ in range(499)]

    @property
    def clock(self) -> datetime:
        """What this container's clock shows."""
        return self._simulation.time(self.skew)

    def body(self, key: str) -> bytes | None:
        """What this container's copy of a key holds now.

        A copy lists the folder at its beginning; each key then arrives at a moment of its own.
        """
        now, period = self._simulation.now, PERIOD * self._sync
        newest = floor((now - self._phase) / period)
        for number in (newest, newest - 1, newest - 2):
            listed = self._phase + number * period + self._late[number % len(self._late)]
            share = crc32(f"{self.name} {key} {number}".encode()) % 1000 / 1000
            if listed + share * COPYING * self._sync <= now:
                return self._folder.held(key, listed)
        raise AssertionError("A copy takes less than a period.")

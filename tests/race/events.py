"""A simulated world's time: what happens when, in one order that a seed decides.

The base of the race. Nothing here knows Airflow; nothing here reads a real clock or a real random source.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from reconciler.adapters.memory.clock import EPOCH


class Simulation:
    """Events in the order of their times, in seconds since ``EPOCH``. Equal seeds, equal histories."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._happening = False
        self._network = self.random("network")

    def random(self, name: str) -> Random:
        """A source of its own for each concern: what one draws does not change what another gets."""
        return Random(f"{self.seed}/{name}")

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Let something happen later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + max(seconds, 0.0), self._count, do))

    def run_until(self, moment: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass up to ``moment``, or until ``stop`` says so after an event."""
        if self._happening:
            raise RuntimeError("An event may not let time pass.")
        self._happening = True
        try:
            while self._queue and self._queue[0][0] <= moment:
                at, _, do = heapq.heappop(self._queue)
                self.now = max(self.now, at)
                do()
                if stop():
                    return
            self.now = max(self.now, moment)
        finally:
            self._happening = False

    def travel(self, low: float, high: float) -> None:
        """A request or an answer is on its way for ``low`` to ``high`` seconds, and the world goes on.

        Calls made side by side, by threads, take no time: their order is not ours to decide.
        """
        if not self._happening and threading.current_thread() is threading.main_thread():
            self.run_until(self.now + self._network.uniform(low, high))

    def time(self, skew: float = 0.0) -> datetime:
        """What a clock shows that is ``skew`` seconds ahead."""
        return at_time(self.now + skew)


class SimClock:
    """Implements ``ports.Clock``: sleeping lets the world go on."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def now(self) -> datetime:
        """See ``ports.Clock``."""
        return self._simulation.time()

    def sleep(self, seconds: float) -> None:
        """See ``ports.Clock``."""
        self._simulation.run_until(self._simulation.now + max(seconds, 0.0))


def at_time(seconds: float) -> datetime:
    """Seconds of the simulation as a time."""
    return EPOCH + timedelta(seconds=seconds)


def in_seconds(time: datetime) -> float:
    """A time as seconds of the simulation."""
    return (time - EPOCH).total_seconds()

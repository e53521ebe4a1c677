"""Threads of a race: what goes wrong in one of them is not lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Crew:
    """Threads that work until told to stop."""

    stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failures: list[BaseException] = field(default_factory=list)

    def start(self, work: Callable[[threading.Event], None]) -> None:
        """Run something in a thread; it is given the event that tells it to stop."""
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def check(self) -> None:
        """Raise what went wrong in a thread, if anything did."""
        if self._failures:
            raise self._failures[0]

    def end(self, seconds: float) -> None:
        """Tell all to stop and wait for them; raise what went wrong in them."""
        self.stop.set()
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), f"a thread of the race did not end within {seconds} s"
        self.check()

    def _run(self, work: Callable[[threading.Event], None]) -> None:
        try:
            work(self.stop)
        except BaseException as error:
            self._failures.append(error)

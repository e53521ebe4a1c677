"""Until when this process may go on asking the outside: a function that is cut off can tell nobody why.

Set by ``handlers`` at the beginning of an invocation; asked by the adapters before each attempt. Where nobody
sets it, as at the command line, there is none. Never interrupts anything by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from reconciler.model.errors import Transient

TELLING_SECONDS = 30.0
"""What is kept of an invocation's time for writing down and telling how it went."""


class Deadline:
    """A point in time, shared by the adapters of one process; ``clock`` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """From now on there are so many seconds."""
        self._at = self._clock() + seconds

    def left(self, keep: float = TELLING_SECONDS) -> float:
        """Seconds that are left, less those to ``keep``; infinite without a deadline, never negative."""
        return max(0.0, self._at - keep - self._clock())

    def check(self, what: str, keep: float = TELLING_SECONDS) -> None:
        """``Transient`` if there is no time left to ask ``what``."""
        if self.left(keep) <= 0:
            raise Transient(f"The time of this tick was over before {what} had answered.")


NEVER = Deadline()
"""No deadline; never set."""

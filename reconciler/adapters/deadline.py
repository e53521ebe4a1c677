"""Until when this process may go on asking the outside: a function that is cut off can tell nobody why.

Set by ``handlers`` at the beginning of an invocation; asked by the adapters before each attempt. Where nobody
sets it, as at the command line, there is none. Never interrupts anything by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from reconciler.model.errors import Transient
from reconciler.model.tick_time import TickTime


class Deadline:
    """A point in time, shared by the adapters of one process; ``clock`` gives seconds that only grow.

    ``telling_seconds`` are kept of an invocation's time for writing down and telling how it went.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, telling_seconds: float = TickTime().telling_seconds
    ) -> None:
        self._clock = clock
        self.telling_seconds = telling_seconds
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """From now on there are so many seconds."""
        self._at = self._clock() + seconds

    def left(self, keep: float | None = None) -> float:
        """Seconds that are left but for those to ``keep`` (None: to tell); infinite without a deadline."""
        kept = self.telling_seconds if keep is None else keep
        return max(0.0, self._at - kept - self._clock())

    def check(self, what: str, keep: float | None = None) -> None:
        """``Transient`` if there is no time left to ask ``what``."""
        if self.left(keep) <= 0:
            raise Transient(f"The time of this tick was over before {what} had answered.")


NEVER = Deadline()
"""No deadline; never set."""

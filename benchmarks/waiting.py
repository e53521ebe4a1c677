"""Polls until something is so, and says when it was: the seconds that a benchmark is about."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP = 0.1


def moment(done: Callable[[], bool], seconds: float, what: str) -> float:
    """The time (Unix) at which `done` was first seen to hold. Raises TimeoutError naming `what`.

    What cannot be asked (the server is busy) is asked again.
    """
    deadline = time.monotonic() + seconds
    trouble: OSError | None = None
    while True:
        try:
            if done():
                return time.time()
        except OSError as error:
            trouble = error
        if time.monotonic() > deadline:
            because = f"; the last answer: {trouble}" if trouble else ""
            raise TimeoutError(f"{what}: not so after {seconds:.0f} s{because}")
        time.sleep(STEP)

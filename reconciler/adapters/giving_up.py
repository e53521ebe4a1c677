"""Gives up on what has no time limit that can be relied on: a name that does not resolve, a dripping server.

Used by ``snowflake_record``, whose connector limits each attempt at each request, and not what they come to.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from reconciler.model.errors import Transient

R = TypeVar("R")


def within(seconds: float, what: str, work: Callable[[], R]) -> R:
    """What ``work`` comes to; ``Transient`` if it takes longer.

    It is not interrupted then: it ends by itself, in a thread of its own, and nobody hears of it. So what it
    opens has to be its own, and closed by it.
    """
    answer = Future[R]()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    Thread(target=run, name=what, daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        if answer.done():
            raise
        raise Transient(f"{what} does not answer: it was given up after {seconds:.0f} s.") from None

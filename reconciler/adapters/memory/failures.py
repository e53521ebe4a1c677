"""What all twins share: one call at a time, a count of calls, and failures on demand.

Used by the twins of this package. A failure can strike before the effect (the request was lost) or after it
(the answer was lost), because a caller cannot tell the two apart.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound="Twin")


class Twin:
    """The base of every twin. ``calls`` counts the port's calls by name, failed ones included."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._failures: defaultdict[str, deque[tuple[Exception, bool]]] = defaultdict(deque)
        self._lock = threading.RLock()

    def fail_next(self, method: str, exception: Exception, *, after_effect: bool = False) -> None:
        """Let the next call of ``method`` raise ``exception``; more than one of a method queue up."""
        if not callable(getattr(self, method, None)):
            raise AttributeError(f"{type(self).__name__} has no method {method!r}")
        self._failures[method].append((exception, after_effect))

    def _begin(self, name: str) -> Exception | None:
        """Count a call; raise its failure now, or return the one to raise after the effect."""
        self.calls[name] += 1
        if not self._failures[name]:
            return None
        exception, after_effect = self._failures[name].popleft()
        if not after_effect:
            raise exception
        return exception


def port_call(method: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Make a method of a twin atomic, counted and able to fail."""

    @wraps(method)
    def call(self: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            failure = self._begin(method.__name__)
            result = method(self, *args, **kwargs)
            if failure is not None:
                raise failure
            return result

    return call

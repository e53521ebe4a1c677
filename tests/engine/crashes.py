"""Death at a chosen call of the outside: before its effect, or after it and before anybody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Died(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and tidy up."""


@dataclass
class Fuse:
    """Dies at the ``at``-th call (from 0) of anything it guards; never, if that many are not made."""

    at: int
    after_effect: bool = False
    calls: int = 0

    def guard(self, twin: Any) -> Any:
        """The twin, with every call counted."""
        return _Guarded(twin, self)

    def burn(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make one call, or die of it."""
        number, self.calls = self.calls, self.calls + 1
        if number == self.at and not self.after_effect:
            raise Died
        if number > self.at:
            raise Died  # a dead process makes no calls, not even in a ``finally``
        result = call(*args, **kwargs)
        if number == self.at:
            raise Died
        return result


class _Guarded:
    def __init__(self, twin: Any, fuse: Fuse) -> None:
        self._twin = twin
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._twin, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._fuse.burn(found, *args, **kwargs)

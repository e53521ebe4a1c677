"""Asks Airflow about several things side by side: one that fails keeps no other waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from reconciler.model.errors import ReconcilerError, Terminal, Transient

CALLERS = 4
"""Calls side by side: MWAA answers about ten a second, to everybody together."""

T = TypeVar("T")
R = TypeVar("R")


def each(do: Callable[[T], R], items: Iterable[T]) -> tuple[dict[T, R], ReconcilerError | None]:
    """What came of each where it went well, and what went wrong first. ``Conflict`` is raised at once."""

    def attempt(item: T) -> tuple[T, R | None, ReconcilerError | None]:
        try:
            return item, do(item), None
        except (Transient, Terminal) as error:
            return item, None, error

    with ThreadPoolExecutor(max_workers=CALLERS) as pool:
        tried = list(pool.map(attempt, items))
    done = {item: cast(R, result) for item, result, error in tried if error is None}
    return done, next((error for _, _, error in tried if error is not None), None)

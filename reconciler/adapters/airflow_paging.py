"""Reads all pages of a list that changes while it is read, without missing a row that stays.

Called by ``AirflowClient``. Airflow pages by offset: a row that goes away moves all later ones forward, and
one of them could slip between two pages. So each page repeats the end of the one before; as long as they
share a row, nothing was missed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.model.errors import Transient

Row = TypeVar("Row")

PAGE = 100
"""Rows a page; MWAA and Airflow's own default allow no more."""

OVERLAP = 10
TRIES = 3


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, in a lasting order, and how many there are in all."""

    rows: Sequence[Row]
    total: int


def every(fetch: Callable[[int, int], Page[Row]], key: Callable[[Row], Hashable], what: str) -> list[Row]:
    """All rows of ``fetch(offset, limit)``, each once. ``Transient`` if they change too fast to be read."""
    for _ in range(TRIES):
        found = _once(fetch, key)
        if found is not None:
            return list(found.values())
    raise Transient(f"The {what} change faster than they can be listed.", after_seconds=10)


def _once(
    fetch: Callable[[int, int], Page[Row]], key: Callable[[Row], Hashable]
) -> dict[Hashable, Row] | None:
    """One reading from beginning to end, or None if two pages do not meet."""
    found: dict[Hashable, Row] = {}
    offset, overlap = 0, 0
    while True:
        page = fetch(offset, PAGE)
        rows = {key(row): row for row in page.rows}
        if overlap and found.keys().isdisjoint(rows):
            return None
        found |= rows
        if offset + len(page.rows) >= page.total:
            return found
        if not page.rows:
            return None
        # A server may give shorter pages than were asked for.
        overlap = min(OVERLAP, len(page.rows) // 2)
        offset += len(page.rows) - overlap

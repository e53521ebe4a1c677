"""Which release a process in a container uses: the shipped loader's own rule, on a pointer's own text."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from reconciler.build.loader import _reconciler_loader_v1 as loader

Entry = tuple[str, str, str, str]
SOON = loader.SOON_SECONDS
"""Parsing waits for a release that is due so soon (seconds)."""


@dataclass(frozen=True)
class Call:
    """How a DAG pointer calls the loader. ``history`` is newest first."""

    dag_id: str
    history: tuple[Entry, ...]

    def parsed(self, moment: datetime) -> Sequence[Entry]:
        """The entries that parsing may use at a moment, newest first."""
        return loader._due(self.history, moment)

    def executed(self, start: datetime) -> Sequence[Entry]:
        """The one entry that a task uses whose run started then."""
        return (loader._due(self.history, start) or self.history[-1:])[:1]

    def next_due(self, moment: datetime) -> timedelta | None:
        """How long from a moment until another entry is due."""
        waits = [datetime.fromisoformat(since) - moment for *_, since in self.history]
        return min((wait for wait in waits if wait > timedelta()), default=None)


@lru_cache(maxsize=4096)
def call_of(pointer: bytes) -> Call | None:
    """The call in a DAG pointer; None if it is no Python, or calls nothing."""
    try:
        tree = ast.parse(pointer)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
            said = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
            return Call(said["dag_id"], tuple(said["history"]))
    return None

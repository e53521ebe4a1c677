"""What Airflow and the loader make of the DAG pointers in a folder. For Airflow's twin."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from reconciler.core.pointer_file import release_key


@lru_cache(maxsize=4096)
def pointers(body: bytes) -> tuple[dict[str, Any], ...]:
    """The arguments of each call of ``load`` in a DAG pointer, by name."""
    try:
        tree = ast.parse(body)
    except SyntaxError:
        return ()
    return tuple(
        {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load"
    )


def due(pointer: dict[str, Any], keys: Iterable[str], now: datetime) -> str | None:
    """What the loader gives whoever parses: the newest release that is due and here."""
    due = [entry for entry in pointer["history"] if datetime.fromisoformat(entry[3]) <= now]
    return next((release for release, *_ in due if release_key(release) in keys), None)

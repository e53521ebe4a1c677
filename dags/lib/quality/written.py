"""Writes a suite the one way in which suites are kept in Git, so that a difference is a change of meaning."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 110


def written(suite: Any) -> str:
    """A suite's values as the text of its file."""
    return _part(suite, 0) + "\n"


def _part(value: Any, depth: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (2 * depth + len(line) <= _WIDTH and depth > 2):
        return line
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + _part(one, depth + 1) for one in value) + f"\n{outer}]"
    parts = [f"{inner}{json.dumps(name)}: {_part(one, depth + 1)}" for name, one in value.items()]
    return "{\n" + ",\n".join(parts) + f"\n{outer}}}"

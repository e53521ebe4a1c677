"""What a scene is. Its checks are declared, so that one that was never reached counts as failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.demo.checks.check import Check
from local.demo.story import Story


@dataclass(frozen=True)
class Scene:
    """`title` and `text` are for somebody who sees this for the first time."""

    title: str
    text: str
    checks: tuple[Check[Any], ...]
    play: Callable[[Story], None]

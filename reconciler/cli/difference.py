"""Differences between texts, as somebody is shown them before they answer for one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.engine.world import World
    from reconciler.model.state import EnvironmentState


def difference(path: str, before: bytes, after: bytes, then: str) -> list[str]:
    """The lines of a unified difference of one file, from the branch's tip to what it is ``then``."""
    return _lines(before, after, f"{path} (tip)", f"{path} ({then})")


def of_rules(world: World, state: EnvironmentState, revision: str) -> list[str]:
    """What a commit changes of the rules that are in force in an environment; all of them if none are."""
    from reconciler.engine.admission import rule_files

    before = world.repo.files(state.accepted.revision) if state.accepted is not None else {}
    after = world.repo.files(revision)
    return [
        line
        for path in rule_files(state.environment)
        for line in _lines(
            before.get(path, b""), after.get(path, b""), f"{path} (in force)", f"{path} ({revision[:10]})"
        )
    ]


def _lines(before: bytes, after: bytes, one: str, other: str) -> list[str]:
    old, new = (body.decode(errors="replace").splitlines() for body in (before, after))
    return list(difflib.unified_diff(old, new, one, other, lineterm=""))

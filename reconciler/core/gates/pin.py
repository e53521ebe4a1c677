"""The pin gate holds nothing back: it says which DAGs stay on the release that they run while others move."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.gates.hold import told_of
from reconciler.model.holds import Holds
from reconciler.model.release import DagId, ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.verdict import Verdict


def pinned(holds: Holds, state: EnvironmentState, condemned: Collection[ReleaseId]) -> frozenset[DagId]:
    """The DAGs that stay as they are: those that run what they are pinned to, unless that is condemned."""
    return frozenset(
        one.dag
        for one in holds.pins
        if (live := state.live.get(one.dag)) is not None
        and live.pointer.release == one.release
        and one.release not in condemned
    )


def pin(holds: Holds, staying: Collection[DagId]) -> Verdict:
    """Say which DAGs are pinned, and which pins do nothing."""
    if not holds.pins:
        return Verdict.go("pin", "No DAG is pinned.")
    lines = [
        f"{one.dag} stays on release {one.release}, by {told_of(one)}"
        if one.dag in staying
        else f"{one.dag} does not run release {one.release}, or that is condemned: its pin does nothing"
        for one in holds.pins
    ]
    said = Verdict.go("pin", f"{'; '.join(lines[:3])}{f' and {len(lines) - 3} more' if lines[3:] else ''}.")
    return said.model_copy(update={"evidence": tuple(lines)})

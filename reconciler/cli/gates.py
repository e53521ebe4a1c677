"""What the gates said, by the commit that they said it of: what is accepted, and what is not begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cli.output import short

if TYPE_CHECKING:
    from reconciler.model.state import EnvironmentState
    from reconciler.model.verdict import Verdict


@dataclass(frozen=True)
class Said:
    """All that the gates said of one commit. ``begun``: it is accepted; of a rollback, but for its rules."""

    revision: str
    begun: bool
    verdicts: tuple[Verdict, ...]
    note: str = ""

    @property
    def commit(self) -> str:
        """The commit in a few words."""
        return f"commit {short(self.revision)}{self.note}"

    @property
    def closed(self) -> tuple[Verdict, ...]:
        """Those that hold it back, or some of its DAGs."""
        from reconciler.model.verdict import Decision

        return tuple(one for one in self.verdicts if one.decision is not Decision.GO)


def said_by_gates(state: EnvironmentState) -> list[Said]:
    """Of each commit that a gate holds back."""
    accepted, outside = state.accepted, state.outside
    known = (accepted.pointer_of or accepted.revision) if accepted is not None else ""
    found = [Said(known, True, state.gates)]
    if outside is not None:
        part = "whose rules are not in force" if outside.revision == known else "which is not begun"
        found.append(Said(outside.revision, False, outside.gates, f", {part}"))
    return [one for one in found if one.verdicts]


def outside_json(state: EnvironmentState) -> dict[str, object] | None:
    """What is not begun, for ``--output json``."""
    outside = state.outside
    if outside is None or not outside.gates:
        return None
    return {"revision": outside.revision, "gates": [one.to_json() for one in outside.gates]}

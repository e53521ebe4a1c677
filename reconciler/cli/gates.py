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
    """All that the gates said of one commit; ``begun``: it is accepted, and not only the tip."""

    revision: str
    begun: bool
    verdicts: tuple[Verdict, ...]

    @property
    def commit(self) -> str:
        """The commit in a few words."""
        return f"commit {short(self.revision)}{'' if self.begun else ', which is not begun'}"

    @property
    def closed(self) -> tuple[Verdict, ...]:
        """Those that hold it back, or some of its DAGs."""
        from reconciler.model.verdict import Decision

        return tuple(one for one in self.verdicts if one.decision is not Decision.GO)


def said_by_gates(state: EnvironmentState) -> list[Said]:
    """Of each commit that a gate holds back."""
    accepted, outside = state.accepted, state.outside
    found = [Said(accepted.revision, True, state.gates)] if accepted is not None else []
    found += [Said(outside.revision, False, outside.gates)] if outside is not None else []
    return [one for one in found if one.verdicts]


def outside_json(state: EnvironmentState) -> dict[str, object] | None:
    """What is not begun, for ``--output json``."""
    outside = state.outside
    if outside is None or not outside.gates:
        return None
    return {"revision": outside.revision, "gates": [one.to_json() for one in outside.gates]}

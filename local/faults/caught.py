"""What became of a fault that was planted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.sources.faults.fault import Fault


@dataclass(frozen=True)
class Caught:
    """The rules that a fault broke, and who found that: reading, a suite, or dbt."""

    fault: str
    dag_id: str
    rule: str
    found: frozenset[str]
    by: str

    @property
    def right(self) -> bool:
        """By its rule, and by no other."""
        return self.found == {self.rule}

    def told(self) -> dict[str, object]:
        """As JSON has it: `caught` is whether its rule did, and no other; `found`, the rules broken."""
        return {
            "fault": self.fault,
            "pipeline": self.dag_id,
            "rule": self.rule,
            "caught": self.right,
            "found": sorted(self.found),
            "by": self.by,
        }

    @property
    def what(self) -> str:
        """The rules that it broke, in words."""
        return ", ".join(sorted(self.found)) or "nothing"


def caught(fault: Fault, found: Iterable[str], by: str) -> Caught:
    """A fault with what was found."""
    return Caught(fault.name, fault.dag_id, fault.rule, frozenset(found), by)


def caught_together(faults: Sequence[Fault], failed: Iterable[str], by: str) -> list[Caught]:
    """Faults that were planted at once: of each its own rule, and those that belong to none of them.

    Raises ValueError where two have the same rule, for then one could hide that the other got away.
    """
    rules, failed = [one.rule for one in faults], frozenset(failed)
    if len(set(rules)) < len(rules):
        raise ValueError(f"two faults of one rule cannot be told apart: {', '.join(sorted(rules))}")
    return [caught(one, failed - (set(rules) - {one.rule}), by) for one in faults]

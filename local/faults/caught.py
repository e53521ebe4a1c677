"""What became of a fault that was planted."""

from __future__ import annotations

from collections.abc import Iterable
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


def caught(fault: Fault, found: Iterable[str], by: str) -> Caught:
    """A fault with what was found."""
    return Caught(fault.name, fault.dag_id, fault.rule, frozenset(found), by)

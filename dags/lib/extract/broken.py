"""What is raised where a source breaks a rule that only its reader can check."""

from __future__ import annotations

from lib.warehouse.checks import Rejected


class RuleBroken(Rejected):
    """A source that must not be loaded: which rule it breaks, and what was found, without a row's values."""

    def __init__(self, rule: str, observed: str, table: str = "") -> None:
        super().__init__(f"{table + ': ' if table else ''}{rule}: {observed}")
        self.rule, self.observed, self.table = rule, observed, table

    def of(self, table: str) -> RuleBroken:
        """The same, of a table or file."""
        return RuleBroken(self.rule, self.observed, table)

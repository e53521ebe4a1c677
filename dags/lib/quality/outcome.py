"""What a checkpoint found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from lib.warehouse.checks import Rejected


@dataclass(frozen=True)
class Finding:
    """How one expectation ended. `failing`: how many rows (or groups) break it; None if it is not of rows.

    `error`: it could not be looked at, which counts as not passed.
    """

    suite: str
    table: str
    rule: str
    expectation: str
    column: str
    severity: Literal["warn", "error"]
    owner: str
    passed: bool
    observed: str
    threshold: str
    failing: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """How many expectations held, did not but are only a warning, and did not.

    `warnings` says of each of severity warn what it is that does not hold, without values of the data.
    """

    passed: int
    warned: int
    failed: int
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Outcome:
        """Counted."""
        bad = [one for one in findings if not one.passed]
        warnings = tuple(told(one) for one in bad if one.severity == "warn")
        return cls(len(findings) - len(bad), len(warnings), len(bad) - len(warnings), warnings)


class QualityFailed(Rejected):
    """Rules of severity error do not hold; the message says which, and for how many rows, without values."""

    def __init__(self, suite: str, findings: Sequence[Finding]) -> None:
        self.suite = suite
        self.findings = tuple(one for one in findings if not one.passed and one.severity == "error")
        super().__init__(f"{suite}: " + "; ".join(map(told, self.findings)))

    @property
    def rules(self) -> set[str]:
        """Those that do not hold."""
        return {one.rule for one in self.findings}


def told(finding: Finding) -> str:
    """One line about a rule that does not hold, without values of the data."""
    where = f"{finding.table}.{finding.column}" if finding.column else finding.table
    if finding.error:
        return f"{finding.rule} could not be looked at in {where}"
    rows = "" if finding.failing is None else f", {finding.failing} rows"
    return f"{finding.rule} does not hold in {where}{rows} (ask {finding.owner})"

"""What came of it: a line per pipeline, for people as a table and for programs as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.faults.caught import Caught
from local.platform.drive import SUCCESS, Run
from local.platform.warehouse import Contents, Counted


@dataclass(frozen=True)
class Line:
    """A pipeline's runs together. `seconds` from begin to end of each, added up."""

    pipeline: str
    runs: int
    succeeded: int
    rows_in: int
    rows_out: int
    passed: int
    warned: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class Report:
    """All that `make platform` tells. `differences`: of the tables from what is expected.

    `faults`: what became of each that was planted; none where only some pipelines were asked for.
    """

    size: str
    seconds: float
    lines: Sequence[Line]
    tables: Mapping[str, Contents] = field(default_factory=dict)
    differences: Sequence[str] = ()
    unrecorded: Sequence[str] = ()
    faults: Sequence[Caught] = ()

    @property
    def good(self) -> bool:
        """Whether every run succeeded and recorded itself, every table is as expected, every fault caught."""
        ran = all(line.runs == line.succeeded for line in self.lines)
        caught = all(one.right for one in self.faults)
        return ran and caught and not self.differences and not self.unrecorded

    def text(self) -> str:
        """As JSON."""
        faults = [one.told() for one in self.faults]
        document = {**asdict(self), "faults": faults, "good": self.good}
        return json.dumps(document, indent=2) + "\n"

    def write(self, file: Path) -> None:
        """Write it, whole or not at all."""
        part = file.with_name(f".{file.name}.part")
        part.write_text(self.text())
        part.rename(file)


def lines(runs: Sequence[Run], counted: Mapping[tuple[str, str], Counted]) -> list[Line]:
    """A line per pipeline, in the order in which they first occur."""
    names = list(dict.fromkeys(run.dag_id for run in runs))
    return [_line(name, [run for run in runs if run.dag_id == name], counted) for name in names]


def unrecorded(runs: Sequence[Run], counted: Mapping[tuple[str, str], Counted]) -> list[str]:
    """Runs that succeeded without a row in OPS.PIPELINE_RUN."""
    return [
        f"{run.dag_id}, {run.run_id}"
        for run in runs
        if run.state == SUCCESS and (run.dag_id, run.run_id) not in counted
    ]


def _line(name: str, runs: Sequence[Run], counted: Mapping[tuple[str, str], Counted]) -> Line:
    nothing = Counted(0, 0, 0, 0, 0)
    told = [counted.get((run.dag_id, run.run_id), nothing) for run in runs]
    return Line(
        pipeline=name,
        runs=len(runs),
        succeeded=sum(run.state == SUCCESS for run in runs),
        rows_in=sum(one.rows_in for one in told),
        rows_out=sum(one.rows_out for one in told),
        passed=sum(one.passed for one in told),
        warned=sum(one.warned for one in told),
        failed=sum(one.failed for one in told),
        seconds=round(sum(run.seconds for run in runs), 1),
    )

"""What a person sees: a line per run that ended, one that says what is under way, tables at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from local.demo.screen import Screen
from local.faults.caught import Caught
from local.faults.table import show
from local.platform.drive import SUCCESS, Run
from local.platform.report import Line, Report

_COLUMNS = ("runs", "rows in", "rows out", "passed", "warned", "failed", "seconds")


@dataclass
class PlatformScreen(Screen):
    """The demo's, with runs instead of checks."""

    def ended(self, run: Run) -> None:
        """A run has ended, or will never begin."""
        mark, colour = ("✓", "green") if run.state == SUCCESS else ("✗", "red")
        line = Text(f"  {mark} ", style=colour).append(run.dag_id, style="default")
        said = f"  {run.seconds:.0f} s" if run.state == SUCCESS else f"  {run.state}"
        self.console.print(line.append(said, style="bold" if run.state == SUCCESS else "bold red"))

    def caught(self, one: Caught) -> None:
        """A fault was planted and looked for."""
        mark, colour = ("✓", "green") if one.right else ("✗", "red")
        line = Text(f"  {mark} ", style=colour).append(one.fault, style="default")
        said = one.rule if one.right else f"{one.rule} was to catch it; caught by: {one.what}"
        self.console.print(line.append(f"  {said}", style="bold" if one.right else "bold red"))

    @contextmanager
    def following(self, what: str) -> Iterator[Callable[[Sequence[str]], None]]:
        """Yields what shows, on a terminal only, which pipelines run; with the seconds since it began."""
        if not self.console.is_terminal:
            yield lambda _: None
            return
        begin = time.monotonic()
        with self.console.status(Text(what, style="dim")) as status:

            def show(running: Sequence[str]) -> None:
                seconds = time.monotonic() - begin
                status.update(Text(f"{what}, {seconds:.0f} s: {', '.join(running)} …", style="dim"))

            yield show

    def tables(self, report: Report) -> None:
        """What came of the pipelines, and of the faults if any were planted."""
        self._pipelines(report)
        if report.faults:
            show(self.console, report.faults)
            self.console.print()

    def _pipelines(self, report: Report) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("pipeline")
        for name in _COLUMNS:
            table.add_column(name, justify="right")
        for line in report.lines:
            table.add_row(line.pipeline, *_cells(line))
        self.console.print()
        self.console.print(table)
        self.console.print()


def _cells(line: Line) -> list[Text]:
    runs = Text(f"{line.succeeded} of {line.runs}", style="" if line.succeeded == line.runs else "red")
    counts = (line.rows_in, line.rows_out, line.passed, line.warned, line.failed)
    shown = [Text(f"{count:,}") for count in counts]
    shown[4].stylize("red" if line.failed else "")
    return [runs, *shown, Text(f"{line.seconds:.0f}")]

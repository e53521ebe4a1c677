"""What became of the faults, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.faults.caught import Caught

COLUMNS = ("fault", "pipeline", "rule", "caught", "by")
WIDE = 200
"""Columns where there is no terminal: a line of a file can be as long as it likes."""


def show(console: Console, found: Iterable[Caught]) -> None:
    """A line per fault: its pipeline, its rule, whether that caught it and no other, and by whom."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for one in found:
        how = Text("yes", style="green") if one.right else Text(f"NO: {one.what}", style="bold red")
        table.add_row(one.fault, one.dag_id, one.rule, how, one.by)
    if not console.is_terminal:
        console = Console(file=console.file, width=WIDE, highlight=False, markup=False)
    console.print(table)

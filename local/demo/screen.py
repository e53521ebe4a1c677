"""What a person sees of the story: scenes, commands, one line per check, a table at the end.

On a terminal with colours and a line that shows what is waited for; in a pipe the same as plain lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo.report import Result


@dataclass
class Screen:
    """Where the story is told."""

    console: Console = field(default_factory=lambda: Console(highlight=False, markup=False, soft_wrap=True))

    def scene(self, number: str, title: str, text: str) -> None:
        """A new scene begins."""
        self.console.print()
        self.console.print(f"{number}  {title}", style="bold")
        self._indented(text, 2, "italic")

    def line(self, text: str) -> None:
        """Something that goes on."""
        self.console.print(f"  {text}", style="cyan")

    def command(self, text: str) -> None:
        """Something that a person does, as it would be typed."""
        self.console.print(f"  $ {text}", style="dim")

    @contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[float], None]]:
        """Shows what is waited for, on a terminal only; yields what shows for how many seconds already."""
        if not self.console.is_terminal:
            yield lambda _: None
            return
        with self.console.status(Text(f"{text} …", style="dim")) as status:
            yield lambda seconds: status.update(Text(f"{text} … {seconds:.0f} s", style="dim"))

    def result(self, result: Result) -> None:
        """A check was judged."""
        mark, colour = ("✓", "green") if result.held else ("✗", "red")
        line = Text(f"  {mark} ", style=colour).append(result.name, style="default")
        self.console.print(line.append(f"  {result.value}", style="bold" if result.held else "bold red"))
        if not result.held and result.why:
            self._indented(result.why, 6, "red")

    def trouble(self, text: str) -> None:
        """Something went wrong that is not a check."""
        self._indented(text, 2, "red")

    def table(self, rows: Sequence[tuple[str, Result]]) -> None:
        """What was measured."""
        table = Table(title="What was measured", title_justify="left", box=None, padding=(0, 3, 0, 0))
        table.add_column("What")
        table.add_column("Measured", justify="right")
        for name, result in rows:
            table.add_row(name, Text(result.value, style="" if result.held else "red"))
        self.console.print()
        self.console.print(table)
        self.console.print()

    def last(self, text: str, *, good: bool) -> None:
        """The last line."""
        self.console.print(Text(text, style="bold green" if good else "bold red"))

    def _indented(self, text: str, width: int, style: str) -> None:
        # Not rich's padding, which cuts off what is longer than a line where there is no terminal.
        self.console.print(Text("\n".join(" " * width + line for line in text.splitlines()), style=style))

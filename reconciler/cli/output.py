"""What people and programs read: tables and colour on a terminal, plain text in a pipe, or one JSON document.

Results go to stdout; messages and progress go to stderr. Text from outside cannot steer the terminal.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {
    "red": ("✗", "error", "stop", "Stalled", "Failed", "Error", "Degraded", "remove", "broken"),
    "yellow": (
        "!", "warning", "wait", "OutOfSync", "Progressing", "Running", "Pending", "Unknown", "Missing",
        "update", "heal", "Baking",
    ),
    "green": (
        "✓", "go", "Synced", "Healthy", "Succeeded", "Stable", "Verified", "add", "intact", "new", "passed",
    ),
    "dim": ("info", "-"),
}  # fmt: skip
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words}
_LEADING = {"Baking", "Failed", "Stable", "Verified"}
"""Words that colour what begins with them."""


ONE_WORD = 24
"""Characters of a cell that is not broken into lines."""


class Format(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


class Progress(Protocol):
    """Says what is going on while somebody waits."""

    def __call__(self, text: str) -> None: ...


class Output:
    """Where a command writes. ``terminal``: behave as on one, or not; None: find out."""

    def __init__(self, form: Format = Format.TEXT, terminal: bool | None = None) -> None:
        self.json = form is Format.JSON
        self._terminal = terminal

    def document(self, value: object) -> None:
        """Write the JSON document, if that is what was asked for."""
        if self.json:
            print(json.dumps(value, indent=2, ensure_ascii=False))

    def record(self, value: object) -> None:
        """Write one JSON document on a line of its own: for streams that do not end."""
        if self.json:
            print(json.dumps(value, ensure_ascii=False), flush=True)

    def line(self, text: str = "", colour: str = "") -> None:
        """Write a line for people."""
        if not self.json:
            self._print(text, colour, error=False)

    def note(self, text: str, colour: str = "") -> None:
        """Tell something that is not the result."""
        self._print(text, colour, error=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write rows under headings."""
        if self.json or not rows:
            return
        cells = [[clean(cell) or "-" for cell in row] for row in rows]
        if not self._is_terminal(error=False):
            print("\n".join(_aligned([[name.upper() for name in columns], *cells])))
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for number, name in enumerate(columns):
            # Dates, commits and reasons are read as one word: the long texts give way.
            short = all(len(row[number]) <= ONE_WORD for row in cells)
            table.add_column(name.upper(), overflow="fold", no_wrap=short)
        for row in cells:
            table.add_row(*(Text(cell, style=_colour(cell)) for cell in row))
        self._console(error=False).print(table)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write names and values, one pair a line; pairs without a value are left out."""
        width = max((len(name) for name, value in pairs if value), default=0)
        for name, value in pairs:
            if value:
                self.line(f"{name:<{width}}  {clean(value)}", _colour(value))

    @contextmanager
    def progress(self, only_live: bool = False) -> Iterator[Progress]:
        """A live line on a terminal; elsewhere, unless ``only_live``, each new text once, on stderr."""
        if self._is_terminal(error=True):
            with self._console(error=True).status("…") as status:
                yield lambda text: status.update(clean(text))
            return
        told: list[str] = []

        def tell(text: str) -> None:
            if not only_live and told[-1:] != [text]:
                told.append(text)
                self.note(text)

        yield tell

    def _print(self, text: str, colour: str, *, error: bool) -> None:
        text = clean(text, keep="\n")
        if colour and self._is_terminal(error=error):
            from rich.text import Text

            self._console(error=error).print(Text(text, style=colour), soft_wrap=True)
        else:
            print(text, file=sys.stderr if error else sys.stdout, flush=True)

    def _is_terminal(self, *, error: bool) -> bool:
        if self._terminal is not None:
            return self._terminal
        return (sys.stderr if error else sys.stdout).isatty()

    def _console(self, *, error: bool) -> Console:
        from rich.console import Console

        return Console(stderr=error, highlight=False, markup=False, force_terminal=self._terminal)


def _colour(text: str) -> str:
    first = text.partition(" ")[0]
    return _COLOUR_OF.get(first if first in _LEADING else text, "")


def clean(text: str, keep: str = "") -> str:
    """Text without control characters and line breaks (but those to ``keep``)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in keep or unicodedata.category(char) not in ("Cc", "Cf", "Cs") else " " for char in text
    )


def short(digest: str | None) -> str:
    """A commit or digest as people write it."""
    return digest[:10] if digest else ""


def when(at: datetime | None) -> str:
    """A time in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%SZ}" if at else ""


def duration(span: timedelta) -> str:
    """``48 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = max(0, round(span.total_seconds()))
    for unit, name, below, small in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            rest = seconds % unit // below
            return f"{seconds // unit} {name}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"


def size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KiB" if count < 1024**2 else f"{count / 1024**2:.1f} MiB"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]

"""What a benchmark gives back: measured values, a table of them, and how to read it. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Samples:
    """One quantity measured several times, in the order of the repetitions. Never empty."""

    unit: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    def __str__(self) -> str:
        """The median and, of more than one, the range: `3.2 s (2.9-4.1)`."""
        digits = 0 if self.median >= 100 else 1 if self.median >= 10 else 2
        low, high = (f"{value:.{digits}f}" for value in (min(self.values), max(self.values)))
        text = f"{self.median:.{digits}f} {self.unit}".strip()
        return text if len(self.values) == 1 else f"{text} ({low}-{high})"

    def over(self, other: Samples) -> Samples:
        """How many times the other, repetition by repetition: both were measured in turns."""
        pairs = zip(self.values, other.values, strict=True)
        return Samples("x", tuple(mine / theirs for mine, theirs in pairs))


Cell = str | int | Samples


@dataclass(frozen=True)
class Table:
    """Rows of equal length under headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"each row needs {len(self.columns)} cells: {', '.join(self.columns)}")


@dataclass(frozen=True)
class Result:
    """A benchmark's outcome. `parameters` are what it was run with, `notes` sentences beside the tables."""

    tables: tuple[Table, ...]
    parameters: Mapping[str, object]
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

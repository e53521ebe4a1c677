"""What every benchmark is given: values that the command line sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How thoroughly to measure.

    `folder` is the benchmark's own scratch folder, `repeat` how often each thing is measured (None: as the
    benchmark thinks fit), `full` whether the sizes that take long are measured too. `say` tells a person
    what goes on.
    """

    folder: Path
    say: Callable[[str], None]
    repeat: int | None = None
    full: bool = False

    def times(self, short: int, full: int) -> int:
        """How often to measure, unless the command line said it."""
        return self.repeat or (full if self.full else short)

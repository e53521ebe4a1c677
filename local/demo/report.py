"""What came of each check, for people and, as `.demo/report.json`, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """A check's outcome. `measured` is in `unit`; `why` says what was found instead."""

    name: str
    held: bool
    measured: float
    unit: str
    why: str = ""

    @property
    def value(self) -> str:
        """The measured value as people read it."""
        number = f"{self.measured:.1f}" if self.unit == "s" else f"{self.measured:g}"
        one = self.measured == 1 and self.unit.endswith("s") and self.unit != "s"
        return f"{number} {self.unit[:-1] if one else self.unit}".strip()


def write(file: Path, results: Sequence[Result]) -> None:
    """Write {"checks": [{"name", "held", "measured", "unit"}, ...]}, whole or not at all."""
    checks = [
        {"name": one.name, "held": one.held, "measured": round(one.measured, 3), "unit": one.unit}
        for one in results
    ]
    part = file.with_name(f".{file.name}.part")
    part.write_text(json.dumps({"checks": checks}, indent=2, ensure_ascii=False) + "\n")
    part.rename(file)

"""The template's own schedule fires: nobody else asks for the sweep. Late in the order, to wait less."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.processes import wait_until
from local.stack_info import StackInfo

pytestmark = [pytest.mark.stack, pytest.mark.long]


def test_the_sweep_runs_by_itself_each_minute(light: StackInfo) -> None:
    log = Path(light.logs) / "functions" / f"{light.functions['Sweep']}.log"
    wait_until(lambda: log.exists() and "Scheduled Event" in log.read_text(), 90, "the schedule fires")

"""A server that is ready only after the stack was ended is ended too, and not told to be ready."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local.processes import Command, start
from local.stack import Servers


def test_what_is_ready_too_late_is_ended_and_not_told(tmp_path: Path) -> None:
    said: list[str] = []
    servers = Servers(os.open(tmp_path, os.O_RDONLY), said.append)
    sleep = Command((str(shutil.which("sleep")), "600"), {})
    in_time = start("in time", sleep, tmp_path / "log")
    servers.add("In time", lambda: [in_time])
    servers.close()
    late = start("late", sleep, tmp_path / "log")
    servers.add("Late", lambda: [late])
    assert not in_time.alive()
    assert not late.alive()
    assert [line.split(":")[0] for line in said] == ["In time"]

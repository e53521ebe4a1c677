"""Runs the warehouse on loopback: Snowflake's protocol, answered by DuckDB (fakesnow's server).

Called by the stack and by the tests of what loads. A database is made when somebody connects to it, and kept
as a file below the stack's home: a server that is started again has it. Any user and password are let in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from local.processes import Command, Process, answers, start, wait_for

LAUNCHER = Path(__file__).with_name("warehouse_launch.py")
CREDENTIALS = {"account": "local", "user": "finedge", "password": "any-will-do"}


@dataclass(frozen=True)
class Warehouse:
    """A running server."""

    port: int
    process: Process

    @property
    def login(self) -> dict[str, str | int]:
        """Arguments of `snowflake.connector.connect`; the database is for the caller to name."""
        return login(self.port)


def login(port: int) -> dict[str, str | int]:
    """How to reach a server on a port of loopback."""
    return {**CREDENTIALS, "host": "127.0.0.1", "port": port, "protocol": "http"}


def start_warehouse(python: Path, port: int, home: Path, seconds: float = 30) -> Warehouse:
    """Start on what is in `home`; returns when it answers. Raises ServerDied."""
    folder = home / "warehouse"
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "NO_PROXY": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
    command = Command((str(python), "-P", str(LAUNCHER), str(port), str(folder)), env, cwd=folder)
    process = start("warehouse", command, home / "logs" / "warehouse.log")
    try:
        wait_for(process, lambda: answers(f"http://127.0.0.1:{port}/session"), seconds)
    except BaseException:
        process.stop()
        raise
    return Warehouse(port, process)

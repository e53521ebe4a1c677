"""Nothing outlives its supervisor: not a child, not a grandchild, not one that hid in another session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from local.environments import ROOT
from local.errors import ServerDied
from local.processes import Command, Process, start, wait_for, wait_until

# A server with a child, and a grandchild in a session of its own that ignores SIGTERM and whose parent died.
SERVER = """
import subprocess, sys, time
mark = sys.argv[1]
stubborn = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", mark])
command = f"[sys.executable, '-c', {stubborn!r}, {mark!r}]"
hide = f"import subprocess, sys; subprocess.Popen({command}, start_new_session=True)"
subprocess.run([sys.executable, "-c", hide], check=True)
print("ready", flush=True)
time.sleep(600)
"""
SUPERVISOR = """
import sys, time
from pathlib import Path
from local.processes import Command, start
start("server", Command((sys.executable, "-c", sys.argv[1], sys.argv[2]), {}), Path(sys.argv[3]))
time.sleep(600)
"""


def marked(mark: str) -> list[int]:
    """Pids of the family, which all carry the mark; supervisor and leash do not count."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode().split("\0")
        except OSError:
            continue
        if mark in words and "local.processes" not in " ".join(words) and "--grace" not in words:
            found.append(int(entry.parent.name))
    return found


def begin(mark: str, log: Path) -> Process:
    process = start("server", Command((sys.executable, "-c", SERVER, mark), {}, grace=1), log)
    wait_for(process, lambda: log.exists() and "ready" in log.read_text(), 20)
    assert len(marked(mark)) == 3
    return process


def test_all_of_it_ends_when_it_is_stopped(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    process = begin(mark, tmp_path / "log")
    process.stop()
    assert marked(mark) == []


def test_all_of_it_ends_when_the_leash_is_told_to(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    process = begin(mark, tmp_path / "log")
    process.leash.terminate()
    process.stop()
    assert marked(mark) == []


def test_what_a_server_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    process = begin(mark, tmp_path / "log")
    server = min(marked(mark))
    os.kill(server, signal.SIGKILL)
    process.leash.wait(20)
    assert marked(mark) == []
    assert process.leash.returncode == 128 + signal.SIGKILL
    process.stop()


def test_all_of_it_ends_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    mark, log = uuid.uuid4().hex, tmp_path / "log"
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, SERVER, mark, str(log)], cwd=ROOT)
    wait_until(lambda: log.exists() and "ready" in log.read_text(), 20, "the server is ready")
    assert len(marked(mark)) == 3
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_until(lambda: marked(mark) == [], 20, "its family is gone")


def test_a_server_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit('out of cheese')"), {})
    process = start("server", command, tmp_path / "log")
    with pytest.raises(ServerDied, match="out of cheese"):
        wait_for(process, lambda: False, 20)
    process.stop()


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    process = start(
        "server", Command((sys.executable, "-c", "import time; time.sleep(60)"), {}), tmp_path / "log"
    )
    began = time.monotonic()
    with pytest.raises(ServerDied, match="not ready after 0 s"):
        wait_for(process, lambda: False, 0.2)
    assert time.monotonic() - began < 20
    process.stop()

"""`make up` and `make down`: a detached stack that ends completely, also when it is interrupted half-way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.environments import ROOT
from local.home import Home
from local.processes import wait_until
from local.stack_info import StackInfo

pytestmark = pytest.mark.stack


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    local("down", tmp_path / "home")


def local(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "local", command, "--home", str(home)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_stack_stays_up_until_it_is_taken_down(home: Path) -> None:
    assert local("status", home).returncode == 1
    begun = local("up", home)
    assert begun.returncode == 0, begun.stderr
    info = StackInfo.read(home)
    assert info.git_url in begun.stderr
    assert info.airflow_url in begun.stderr
    assert "AWS: ready" in begun.stderr
    assert local("status", home).returncode == 0
    again = local("up", home)
    assert again.returncode == 1
    assert "make down" in again.stderr
    assert local("down", home).returncode == 0
    assert Home.at(home).supervisor() is None
    assert local("status", home).returncode == 1


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files which other users may pass through, as pytest's may not be."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_start_that_is_interrupted_leaves_nothing(home: Path, scratch: Path) -> None:
    line = [sys.executable, "-m", "local", "up", "--home", str(home)]
    env = {**os.environ, "TMPDIR": str(scratch)}
    starting = subprocess.Popen(line, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    assert starting.stderr is not None
    with starting.stderr:
        assert any("AWS: ready" in progress for progress in starting.stderr)
        assert Home.at(home).supervisor() is not None
        starting.send_signal(signal.SIGINT)
        starting.wait(60)
    assert starting.returncode != 0
    wait_until(lambda: Home.at(home).supervisor() is None, 40, "the last of it is gone")
    assert not (home / "stack.json").exists()
    assert list(scratch.glob("local-postgres-*")) == []

"""The whole of it on a real stack: what runs is told and kept, and whatever ends it, nothing stays behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.home import Home
from local.options import ROOT

pytestmark = [pytest.mark.airflow, pytest.mark.stack, pytest.mark.long]


def platform(folder: Path, *arguments: str) -> list[str]:
    """The command for one pipeline that needs little."""
    chosen = ("--size", "tiny", "--only", "films_elt", "--folder", str(folder))
    return [sys.executable, "-m", "local.platform", *chosen, *arguments]


def test_a_pipeline_is_deployed_and_runs_for_both_days(tmp_path: Path) -> None:
    done = subprocess.run(
        platform(tmp_path, "--output", "json"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "report.json").read_text())
    (line,) = report["lines"]
    assert (line["pipeline"], line["runs"], line["succeeded"]) == ("films_elt", 2, 2)
    assert line["seconds"] > 0
    assert done.returncode == (0 if report["good"] else 1)
    assert Home.at(tmp_path / "stack").supervisor() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_it_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        platform(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "Airflow: http" in line:
                break
        time.sleep(2)
        running.send_signal(number)
        rest = running.stdout.read()
        assert running.wait(120) == 130, rest
    assert "interrupted; everything was ended" in rest
    assert Home.at(tmp_path / "stack").supervisor() is None


def test_a_pipeline_that_there_is_not_is_refused_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.platform", "--only", "nothing_elt", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no pipeline nothing_elt" in done.stderr

"""The shell completes from what lies in the working folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reconciler.cli.main import app


@pytest.fixture
def project(folder: Path) -> Path:
    """Two environments, a quarantined release in one of them, and three builds."""
    for name in ("dev", "prod"):
        (folder / "environments" / name).mkdir(parents=True)
        (folder / "environments" / name / "environment.yaml").touch()
    for name in ("dags-1.0.0", "dags-1.1.0", "libs-2.0.0"):
        (folder / "dist" / name).mkdir(parents=True)
        (folder / "dist" / name / "manifest.json").touch()
    pinned, bad = (
        "pins: [{dag: films, release: 0f93a6bc9e0b7d11}]",
        "quarantine: [{release: 34f6f44aa6c8231c}]",
    )
    (folder / "environments/dev/holds.yaml").write_text(f"{pinned}\n{bad}\n")
    return folder


def _complete(line: str) -> list[str]:
    variables = {
        "_RECONCILER_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    return CliRunner().invoke(app, [], env=variables, prog_name="reconciler").stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("reconciler status ", ["dev", "prod"]),
        ("reconciler plan p", ["prod"]),
        ("reconciler sea", ["seal"]),
        ("reconciler publish --version ", ["1.0.0", "1.1.0", "2.0.0"]),
        ("reconciler seal dev --dags 1.", ["1.0.0", "1.1.0"]),
        ("reconciler seal dev --dbt ", []),
        ("reconciler hold dev --q", ["--quarantine"]),
        ("reconciler release dev --quarantined ", ["34f6f44aa6c8231c"]),
    ],
)
def test_words(project: Path, line: str, words: list[str]) -> None:
    assert _complete(line) == words


def test_nothing_to_complete_from(folder: Path) -> None:
    assert _complete("reconciler status ") == []

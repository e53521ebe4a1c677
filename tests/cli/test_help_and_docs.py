"""What people read before they run anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.main import COMMANDS
from tests.cli.desk import Desk

DOCS = Path(__file__).parents[2] / "docs/cli.md"
NAMES = [command.__name__ for command in COMMANDS]
HEAVY = ("boto3", "botocore", "pydantic", "git", "airflow_client", "ruamel", "reconciler.bootstrap")


def test_help_names_every_command_and_exit_code(desk: Desk) -> None:
    for arguments in (("--help",), ("-h",), ()):
        out = desk.run(*arguments).out
        assert [name for name in NAMES if f" {name} " not in out] == []
        assert [code for code in ExitCode if code.sentence not in out] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_help_and_json(desk: Desk, name: str) -> None:
    answer = desk.run(name, "--help")

    assert answer.code == 0
    assert "--output" in answer.out


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_describe_every_command(name: str) -> None:
    assert f"\n## `{name}`" in DOCS.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_name_every_option(desk: Desk, name: str) -> None:
    section = DOCS.read_text().partition(f"\n## `{name}`")[2].partition("\n## ")[0]
    options = {word for word in desk.run(name, "--help").out.split() if word.startswith("--")}

    common = {"--output", "--help"}
    assert {option for option in options - common if option not in section} == set()


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: str(code.value))
def test_the_docs_name_every_exit_code(code: ExitCode) -> None:
    assert f"| {code.value} | {code.sentence} |" in DOCS.read_text()


def test_help_imports_nothing_heavy() -> None:
    program = f"import sys, reconciler.cli.main\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_version(desk: Desk) -> None:
    assert desk.run("--version").out.startswith("reconciler 0.")

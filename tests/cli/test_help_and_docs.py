"""What people read before they run anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.main import COMMANDS
from tests.cli.desk import Desk

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/cli.md"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_have_their_options(desk: Desk, page: Path) -> None:
    lines = re.findall(r"(?:^ *|`)reconciler ([a-z]+)([^`\n]*)", page.read_text(), re.M)
    wrong = [
        f"{name} {option}"
        for name, rest in lines
        for option in re.findall(r"(?<= )--[a-z-]+", rest.partition(" #")[0])
        if option not in desk.run(name, "--help").out
    ]
    assert wrong == []


def test_the_way_to_an_approved_change_is_told_in_order() -> None:
    steps = (ROOT / "docs/spec/approval.md").read_text().partition("## In order")[2].partition("\n## ")[0]
    told = re.findall(r"^(\d)\. |^ *reconciler ([a-z]+)", steps, re.M)
    assert [number or command for number, command in told] == [
        *("1", "validate", "2", "3", "build", "publish", "4", "5", "plan", "approve", "6")
    ]


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: str(code.value))
def test_the_docs_name_every_exit_code(code: ExitCode) -> None:
    assert f"| {code.value} | {code.sentence} |" in DOCS.read_text()


def test_help_imports_nothing_heavy() -> None:
    program = f"import sys, reconciler.cli.main\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_version(desk: Desk) -> None:
    assert desk.run("--version").out.startswith("reconciler 0.")

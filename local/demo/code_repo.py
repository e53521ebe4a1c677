"""The code repo of the story: this checkout's `dags/` and `dbt/`, and generated DAGs to make it 25."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from local.dag_generator import generate
from local.demo.commands import CommandLine, Ended
from local.git_repos import git
from local.options import ROOT

DAGS = 25
SLOW = "slow_report"
EACH_MINUTE = (("schedule=None", 'schedule="* * * * *"'), ("Param(5,", "Param(1,"))
"""In the story this DAG is due each minute, so that a lost run would be seen."""


@dataclass(frozen=True)
class Release:
    """What `publish` sealed: its id, and the ids of its DAGs."""

    id: str
    dag_ids: tuple[str, ...]


@dataclass(frozen=True)
class CodeRepo:
    """A Git repository on disk and what its developers do. `built`: the versions, in order."""

    folder: Path
    cli: CommandLine
    built: list[str] = field(default_factory=list)

    @staticmethod
    def create(folder: Path) -> None:
        """Make it, with one commit."""
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")
        for part in ("dags", "dbt"):
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        written = len(list((folder / "dags").glob("*.py")))
        generate(folder / "dags", DAGS - written)
        for old, new in EACH_MINUTE:
            _replace(folder / f"dags/{SLOW}.py", old, new)
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Begin")

    def edit(self, file: str, old: str, new: str, message: str) -> None:
        """Replace a text that must be there once, and commit."""
        _replace(self.folder / file, old, new)
        git(self.folder, "commit", "--quiet", "--all", "--message", message)

    def edit_each(self, pattern: str, old: str, new: str, message: str) -> None:
        """The same in all files that match a pattern, in one commit."""
        for path in sorted(self.folder.glob(pattern)):
            _replace(path, old, new)
        git(self.folder, "commit", "--quiet", "--all", "--message", message)

    def undo(self) -> None:
        """Revert the last commit."""
        git(self.folder, "revert", "--no-edit", "HEAD")

    def line_of(self, file: str, text: str) -> int:
        """The number of the line that begins with a text."""
        lines = (self.folder / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if line.startswith(text))

    def publish(self, version: str, *components: str) -> Release:
        """Build, publish and seal a version of some components (all, if none is named)."""
        sealed = json.loads(self.try_publish(version, *components).expect().stdout)["sealed"]
        return Release(sealed[0]["release"], tuple(sealed[0]["dags"]))

    def build(self, version: str, *components: str) -> list[str]:
        """The command that builds the next version: it names the one before."""
        parent = ["--parent", self.built[-1]] if self.built else []
        return ["build", *components, "--version", version, *parent]

    def try_publish(self, version: str, *components: str) -> Ended:
        """The same; how `publish` ended. Raises RuntimeError if `build` refuses already."""
        self.cli.run(*self.build(version, *components)).expect()
        self.built.append(version)
        return self.cli.run("publish", *components, "--version", version, "--output", "json")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{path.name} has {text.count(old)} times {old!r}, not once")
    path.write_text(text.replace(old, new))

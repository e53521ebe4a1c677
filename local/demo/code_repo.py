"""A code repo of this checkout's files, and the one of the story: few real DAGs, the others generated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from local.dag_generator import generate
from local.demo.commands import CommandLine, Ended
from local.git_repos import git
from local.options import ROOT

DAGS = 25
SLOW = "slow_report"
OF_THE_STORY = (
    *(f"dags/{dag}.py" for dag in ("films_elt", "heartbeat", "release_probe", SLOW)),
    "dags/lib/**/*.py",
    # What films_elt needs of dbt.
    "dbt/*.yml",
    "dbt/macros/**/*.sql",
    "dbt/models/films/**/*.*",
    "dbt/tests/generic/*.sql",
)
"""The story is about deploying: pipelines that want a warehouse would only make it slow."""
EVERYTHING = ("dags/**/*.*", "dbt/**/*.*")
MADE_BY_TOOLS = {"__pycache__", "target", "logs", ".user.yml"}
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
    def create(folder: Path, patterns: Iterable[str] = EVERYTHING) -> None:
        """Make it of the checkout's files that match a pattern, with one commit."""
        copy_checkout(folder, patterns)
        _begin(folder)

    @staticmethod
    def create_for_story(folder: Path) -> None:
        """Make it of what the story tells about, and of generated DAGs, with one commit."""
        copy_checkout(folder, OF_THE_STORY)
        written = len(list((folder / "dags").glob("*.py")))
        generate(folder / "dags", DAGS - written)
        for old, new in EACH_MINUTE:
            _replace(folder / f"dags/{SLOW}.py", old, new)
        _begin(folder)

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


def copy_checkout(folder: Path, patterns: Iterable[str]) -> None:
    """Copy the checkout's files that match, but for what tools have made. Each pattern has to match some."""
    for pattern in patterns:
        found = [
            path
            for path in ROOT.glob(pattern)
            if path.is_file() and not MADE_BY_TOOLS & set(path.relative_to(ROOT).parts)
        ]
        if not found:
            raise ValueError(f"the checkout has no {pattern}")
        for path in found:
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def commit_all(folder: Path, message: str) -> None:
    """Commit everything, new files too."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def _begin(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit_all(folder, "Begin")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{path.name} has {text.count(old)} times {old!r}, not once")
    path.write_text(text.replace(old, new))

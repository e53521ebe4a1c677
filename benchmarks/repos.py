"""The two repositories of who deploys: code that is published, and an environment repo to push to."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import environment_files
from local.dag_generator import generate_versioned, generated_ids
from local.demo.commands import CommandLine
from local.git_repos import git
from local.options import ROOT
from local.stack_info import StackInfo

SECONDS = 900.0
"""The longest that sealing 1,000 DAGs may take on a busy machine."""


@dataclass
class Code:
    """Generated DAGs with a library, and this checkout's dbt project. `releases`: release id -> version."""

    folder: Path
    cli: CommandLine
    dags: int
    releases: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def create(folder: Path, info: StackInfo, dags: int) -> Code:
        """An empty repository; nothing is published."""
        ignored = shutil.ignore_patterns("target", "logs", ".user.yml")
        shutil.copytree(ROOT / "dbt", folder / "dbt", ignore=ignored)
        git(folder, "init", "--quiet", "--initial-branch=main")
        return Code(folder, CommandLine(info, folder, SECONDS), dags)

    @property
    def dag_ids(self) -> list[str]:
        """Of all of them."""
        return generated_ids(self.dags)

    def publish(self, version: str, *, new_name: bool = False, tasks: int = 2) -> tuple[str, float]:
        """Commit, build, publish and seal a version in which every DAG differs; its release, and seconds.

        `new_name`, `tasks`: see `local.dag_generator`.
        """
        generate_versioned(self.folder / "dags", self.dags, version, new_name=new_name, tasks=tasks)
        return self.publish_as_it_is(version)

    def publish_as_it_is(self, version: str) -> tuple[str, float]:
        """Commit, build, publish and seal what is in the folder; the release, and seconds."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"Make it {version}")
        begin = time.monotonic()
        self.cli.run("build", "--version", version).expect()
        done = self.cli.run("publish", "--version", version, "--output", "json").expect()
        release = str(json.loads(done.stdout)["sealed"][0]["release"])
        self.releases[release] = version
        return release, time.monotonic() - begin


@dataclass(frozen=True)
class Environments:
    """A clone of the environment repo."""

    folder: Path
    environment: str

    @staticmethod
    def clone(folder: Path, url: str, environment: str) -> Environments:
        """Clone it."""
        git(folder.parent, "clone", "--quiet", url, str(folder))
        return Environments(folder, environment)

    def bump(self, version: str) -> None:
        """Commit a version of everything; not pushed yet."""
        path = environment_files.pointer_path(self.environment)
        (self.folder / path).write_text(environment_files.pointer(version))
        git(self.folder, "commit", "--quiet", "--all", "--message", f"Deploy {version}")

    def write(self, files: dict[str, str], message: str) -> None:
        """Add text to files, and commit that; not pushed yet."""
        for path, text in files.items():
            with (self.folder / path).open("a") as target:
                target.write(text)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)

    def revert(self) -> None:
        """Revert the last commit; not pushed yet."""
        git(self.folder, "revert", "--no-edit", "HEAD")

    def push(self) -> str:
        """Push what was committed; the commit."""
        git(self.folder, "push", "--quiet", "origin", "main")
        return git(self.folder, "rev-parse", "HEAD")


def write_seed(folder: Path, files: dict[str, str]) -> Path:
    """Files of a first commit; the folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder

"""A person's clone of the environment repo: edits, commits and pushes with real git."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from local.git_repos import git

POINTER = "environments/dev/pointer.yaml"
ENVIRONMENT = "environments/dev/environment.yaml"


@dataclass(frozen=True)
class EnvironmentRepo:
    """A clone."""

    folder: Path

    @staticmethod
    def clone(url: str, folder: Path) -> EnvironmentRepo:
        """Clone the stack's environment repo."""
        git(folder.parent, "clone", "--quiet", url, str(folder))
        return EnvironmentRepo(folder)

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return git(self.folder, "rev-parse", "HEAD")

    def bump(self, component: str, version: str) -> None:
        """Edit a component's version in dev's pointer."""
        self.replace(POINTER, rf"(\n  {component}:\n    version: )\S+", rf"\g<1>{version}")

    def replace(self, file: str, pattern: str, by: str) -> None:
        """Replace what a regular expression matches once."""
        path = self.folder / file
        text, count = re.subn(pattern, by, path.read_text())
        if count != 1:
            raise ValueError(f"{file} matches {pattern!r} {count} times, not once")
        path.write_text(text)

    def write(self, file: str, text: str) -> None:
        """Replace a file."""
        (self.folder / file).write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything, new files too; returns the commit."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return self.head

    def push(self, *options: str) -> str:
        """Push the branch; returns the commit."""
        git(self.folder, "push", "--quiet", *options, "origin", "main")
        return self.head

    def revert(self) -> None:
        """Revert the last commit, as a person does it."""
        git(self.folder, "revert", "--no-edit", "HEAD")

    def go_to(self, commit: str) -> None:
        """Throw everything after a commit away, in the clone."""
        git(self.folder, "reset", "--quiet", "--hard", commit)

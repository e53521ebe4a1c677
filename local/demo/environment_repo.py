"""A person's clone of the environment repo: edits, commits and pushes with real git."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from local.demo.people import Person
from local.git_repos import git

SIGNERS = "environments/allowed_signers"


def pointer_of(environment: str) -> str:
    """The file that names its versions."""
    return f"environments/{environment}/pointer.yaml"


def environment_of(environment: str) -> str:
    """The file that says what it is."""
    return f"environments/{environment}/environment.yaml"


def holds_of(environment: str) -> str:
    """The file that says what is held there."""
    return f"environments/{environment}/holds.yaml"


POINTER, ENVIRONMENT = pointer_of("dev"), environment_of("dev")


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

    def bump(self, component: str, version: str, environment: str = "dev") -> None:
        """Edit a component's version in an environment's pointer."""
        self.replace(pointer_of(environment), rf"(\n  {component}:\n    version: )\S+", rf"\g<1>{version}")

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

    def append(self, file: str, text: str) -> None:
        """Add to the end of a file."""
        with (self.folder / file).open("a") as target:
            target.write(text)

    def commit(self, message: str, author: str = "") -> str:
        """Commit everything, new files too; returns the commit. `author` reads `Name <email>`."""
        git(self.folder, "add", "--all")
        by = ["--author", author] if author else []
        git(self.folder, "commit", "--quiet", "--message", message, *by)
        return self.head

    def sign(self, tag: str, commit: str, who: Person) -> None:
        """Put somebody's signed tag on a commit, with nothing but git, and push it."""
        settings = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={who.key}")
        git(self.folder, *settings, "tag", "--sign", "--message", "Approved", tag, commit)
        git(self.folder, "push", "--quiet", "origin", f"refs/tags/{tag}")

    def pull(self) -> None:
        """Take over what others pushed; here is nothing of one's own."""
        git(self.folder, "pull", "--quiet", "--ff-only", "origin", "main")

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

"""What holds for the environment repo whoever implements it: names, limits, and how refusals read.

Shared by the Git adapter and its twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reconciler.model.errors import Conflict, Terminal
from reconciler.model.reason import Reason

MAX_BYTES = 2 * 1024 * 1024
MAX_FILES = 2_000
BAD = "its signature is not good"
UNSIGNED = "it has no SSH signature"
UNKNOWN_KEY = "it was signed with a key that allowed_signers has not, or not any more"
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Identity:
    """Who commits. ``key``: the SSH key that signs it, as git's ``user.signingkey`` names it; empty: none."""

    name: str
    email: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def checked_revision(revision: str) -> str:
    """``Terminal`` unless it is a full commit id, so that nothing else ever reaches git's command line."""
    if not _SHA.fullmatch(revision):
        raise unknown_commit(revision)
    return revision


def checked_path(path: str) -> str:
    """``ValueError`` (our bug) unless the path stays inside the folder."""
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or ".git" in parts.parts or "\0" in path:
        raise ValueError(f"not a path inside the environment repo's folder: {path!r}")
    return str(parts)


def check_folder(sizes: Mapping[str, int], revision: str) -> None:
    """``Terminal`` if the folder is larger than is sane. Sizes in bytes."""
    total = sum(sizes.values())
    if len(sizes) > MAX_FILES or total > MAX_BYTES:
        raise Terminal(
            f"The environment repo's folder holds {len(sizes)} files with {total} bytes at {revision[:12]}; "
            f"at most {MAX_FILES} files and {MAX_BYTES} bytes are read.",
            "Keep only the environments' YAML there.",
            Reason.INVALID_CONFIGURATION,
        )


def unknown_commit(revision: str) -> Terminal:
    """A commit that the branch does not hold."""
    return Terminal(
        f"The environment repo has no commit {revision[:64]!r} on its branch.",
        "Give the full id of a commit on the branch.",
        Reason.GIT_OPERATION_FAILED,
    )


def no_branch(branch: str) -> Terminal:
    """A branch that does not exist."""
    return Terminal(
        f"The environment repo has no branch {branch!r}.",
        "Push the branch, or correct RECONCILER_REPO_BRANCH or RECONCILER_REPO_URL.",
        Reason.GIT_OPERATION_FAILED,
    )


def moved_on(branch: str, base: str) -> Conflict:
    """The branch is not at the commit that a push builds on."""
    return Conflict(
        f"The branch {branch} has moved on from {base[:12]}; nothing was pushed.",
        "Look at the new tip and decide again.",
        Reason.SUPERSEDED,
    )

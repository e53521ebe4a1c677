"""What the machine must bring along, each with what to do where it is missing. Checked before a start."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from local.errors import LocalError


def check() -> None:
    """Raise one LocalError that names everything that is missing."""
    problems = list(missing())
    if problems:
        found = "\n".join(f"  {what}" for what, _ in problems)
        raise LocalError(f"this machine lacks:\n{found}", "; ".join(remedy for _, remedy in problems))


def missing() -> Iterator[tuple[str, str]]:
    """(what is missing, what to do) for each prerequisite that is not met."""
    if shutil.which("git") is None:
        yield "git", "apt-get install git"
    elif not _has_http_backend():
        yield "git http-backend (part of git)", "install the whole of git, not a minimal build"
    if shutil.which("ssh-keygen") is None:
        yield "ssh-keygen, with which git signs and verifies", "apt-get install openssh-client"


def _has_http_backend() -> bool:
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return shutil.which("git-http-backend", path=where.stdout.strip()) is not None

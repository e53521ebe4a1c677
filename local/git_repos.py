"""Bare repositories on disk: making one, filling it, and wording a push as GitHub would.

Called by the Git server and the stack. Uses the machine's git with none of the person's configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOBODY = "0" * 40  # git's name for "no commit"
PUSHED_TO = "LOCAL_STACK_PUSHED"
# Git gives the hook one line per ref: old, new, name. The server reads them once the push is over.
POST_RECEIVE = f'#!/bin/sh\n[ -z "${PUSHED_TO}" ] && exit 0\nexec cat >> "${PUSHED_TO}"\n'
SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
}


def environment() -> dict[str, str]:
    """For running git: no configuration but the repository's own, no prompt, a fixed identity."""
    names = {"NAME": "Local Stack", "EMAIL": "local-stack@example.com"}
    people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in names.items()}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **people,
    }


def git(repo: Path, *arguments: str) -> str:
    """Run git in a folder; returns what it printed, stripped. Raises CalledProcessError if it fails."""
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def create(root: Path, name: str, branch: str = "main") -> Path:
    """A new bare repository that may be cloned and pushed to and tells the server of pushes."""
    repo = root / name
    repo.mkdir(parents=True)
    git(repo, "init", "--quiet", "--bare", f"--initial-branch={branch}")
    for key, value in SETTINGS.items():
        git(repo, "config", key, value)
    hook = repo / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(POST_RECEIVE)
    hook.chmod(0o755)
    return repo


def seed(repo: Path, content: Path, below: str = "", adapt: Callable[[Path], object] | None = None) -> str:
    """Make the files of a folder the first commit of a bare repository, no webhook; returns its SHA.

    They lie in the folder `below` of the repository; empty: in its root. `adapt` may edit the copy before.
    """
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(content, tree / below, ignore=shutil.ignore_patterns(".git"))
        if adapt is not None:
            adapt(tree)
        git(tree, "init", "--quiet", "--initial-branch=main")
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "--message", "Begin")
        git(tree, "push", "--quiet", str(repo), "main")
        return git(tree, "rev-parse", "HEAD")


def push_payload(repo: Path, clone_url: str, old: str, new: str, ref: str) -> dict[str, Any]:
    """GitHub's payload for one updated ref."""
    created, deleted = old == NOBODY, new == NOBODY
    commits = [] if deleted else _commits(repo, new if created else f"{old}..{new}")
    return {
        "ref": ref,
        "before": old,
        "after": new,
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not _contains(repo, old, new),
        "base_ref": None,
        "compare": clone_url,
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "repository": {
            "id": 1,
            "name": repo.name.removesuffix(".git"),
            "full_name": f"local/{repo.name.removesuffix('.git')}",
            "clone_url": clone_url,
            "default_branch": "main",
        },
        "pusher": {"name": "local", "email": "local@example.com"},
        "sender": {"login": "local", "id": 1, "type": "User"},
    }


def _commits(repo: Path, revisions: str) -> list[dict[str, Any]]:
    # GitHub lists at most 2,048; more than a person reads is enough here.
    lines = git(
        repo, "log", "--max-count=50", "--reverse", "--format=%H%x09%aI%x09%an%x09%ae%x09%s", revisions
    )
    rows = [line.split("\t", 4) for line in lines.splitlines()]
    return [
        {"id": sha, "timestamp": at, "message": subject, "author": {"name": name, "email": email}}
        for sha, at, name, email, subject in rows
    ]


def _contains(repo: Path, old: str, new: str) -> bool:
    command = ["git", "-C", str(repo), "merge-base", "--is-ancestor", old, new]
    return subprocess.run(command, env=environment(), check=False).returncode == 0

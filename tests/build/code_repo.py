"""A code repo for tests: a real Git repository in a temporary folder, with files written as one likes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ANA = "Ana <ana@example.com>"
BEN = "Ben <ben@example.com>"


class CodeRepo:
    """Git at ``root``; commits are dated the same, so equal histories have equal ids."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, author: str = ANA, stdin: bytes = b"") -> str:
        """Run git here as ``author``; its output."""
        name, _, mail = author.rstrip(">").partition(" <")
        date = "2026-11-21T05:00:00+00:00"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", name), ("EMAIL", mail), ("DATE", date))
        }
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=env, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, bytes | None], message: str = "Change", *, author: str = ANA) -> str:
        """Write files (None: delete), commit all; the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, author=author)
        return self.git("rev-parse", "HEAD")

    def commit_raw(self, path: str, *, mode: str = "100644", body: bytes = b"x") -> None:
        """Commit an entry that no checkout would make, straight into the index."""
        blob = self.git("hash-object", "-w", "--stdin", stdin=body)
        target = self.git("rev-parse", "HEAD") if mode == "160000" else blob
        self.git("update-index", "-z", "--index-info", stdin=f"{mode} {target}\t{path}\0".encode())
        self.git("commit", "--quiet", "--message", "Raw")

    def write(self, files: Mapping[str, bytes | None]) -> None:
        """Write files, or delete those that are None, without committing."""
        for path, body in files.items():
            target = self.root / path
            if body is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)

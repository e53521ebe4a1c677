"""The environment repo's branch as anybody sees it who clones it: commits, files, good signatures.

Asked of git alone, with the `allowed_signers` of the branch's own tip.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from local.demo.environment_repo import SIGNERS
from local.demo.outside import GitCommit
from local.git_repos import git

FIELDS = "%x1e%H%x1f%ae%x1f%s%x1f%(trailers:only,unfold,separator=%x1d)"
GOOD = re.compile(r'^Good "git" signature for (\S+) with ', re.MULTILINE)


@dataclass
class Branch:
    """`main` of the repo at a URL; fetched anew for each question."""

    url: str

    def commits(self, since: str) -> list[GitCommit]:
        """Those after a commit, oldest first."""
        said = git(self._fetched(), "log", "--reverse", f"--format={FIELDS}", f"{since}..main")
        return [_commit(one) for one in said.split("\x1e") if one.strip()]

    def file(self, revision: str, path: str) -> bytes:
        """A file as it is at a commit; empty if there is none."""
        show = ["git", "-C", str(self._fetched()), "show", f"{revision}:{path}"]
        done = subprocess.run(show, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else b""

    def signer_of_commit(self, revision: str) -> str:
        """Whose good signature git finds on a commit; empty if nobody's."""
        return self._verified("verify-commit", revision)

    def signer_of_tag(self, tag: str) -> str:
        """Whose good signature git finds on a tag; empty if nobody's."""
        return self._verified("verify-tag", tag)

    def _verified(self, command: str, name: str) -> str:
        with TemporaryDirectory() as scratch:
            known = Path(scratch) / "allowed_signers"
            known.write_bytes(self.file("main", SIGNERS))
            verify = ["git", "-c", f"gpg.ssh.allowedSignersFile={known}", command, name]
            done = subprocess.run(verify, cwd=self._copy, capture_output=True, text=True, check=False)
        found = GOOD.search(done.stderr) if done.returncode == 0 else None
        return found[1] if found else ""

    def _fetched(self) -> Path:
        git(self._copy, "fetch", "--quiet", "--force", "--prune", "origin", "+refs/*:refs/*")
        return self._copy

    @cached_property
    def _copy(self) -> Path:
        scratch = Path(tempfile.mkdtemp(prefix="demo-branch-"))
        weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        git(scratch, "clone", "--quiet", "--bare", self.url, str(scratch / "copy"))
        return scratch / "copy"


def _commit(text: str) -> GitCommit:
    sha, email, subject, trailers = (*text.strip("\n").split("\x1f"), "", "", "")[:4]
    pairs = [one.partition(":") for one in trailers.split("\x1d") if ":" in one]
    return GitCommit(sha, email, subject, {key.strip(): value.strip() for key, _, value in pairs})

"""The environment repo on a Git server: reads commits, and pushes one on top of a known tip.

Called by the tick (reading) and the command line (``promote``, ``rollback``). Has no work tree, never forces
a push, and never runs anything that the repo holds.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from reconciler.adapters import git_blobs, git_signatures
from reconciler.adapters.deadline import NEVER, Deadline
from reconciler.adapters.git_cache import GitCache, Remote
from reconciler.adapters.git_command import GitCommand
from reconciler.adapters.git_errors import GitFailure, Kind
from reconciler.adapters.git_rules import (
    BAD,
    UNKNOWN_KEY,
    UNSIGNED,
    Identity,
    check_folder,
    checked_path,
    checked_revision,
    moved_on,
    no_branch,
    unknown_commit,
)
from reconciler.model.errors import Conflict, Terminal
from reconciler.model.observation import Commit, SignedTag
from reconciler.model.reason import Reason

R = TypeVar("R")
T = TypeVar("T")

_FORMAT = "--format=%H%x00%an <%ae>%x00%cn <%ce>%x00%cI%x00%s"
_PEOPLE = f"{_FORMAT}%x00%(trailers:key=Co-authored-by,valueonly=true,unfold=true)%x00%G?%x00%GS"
_FLAWS = {"N": UNSIGNED, "U": UNKNOWN_KEY}
"""What git's ``%G?`` means of an SSH signature; anything else but ``G`` is bad."""
_MOST_COMMITS, _MOST_CHANGES = 10_000, 500


class GitRepo:
    """One branch of a repo. Safe to use from several processes that share ``cache_directory``."""

    def __init__(
        self,
        remote: Remote,
        cache_directory: Path,
        identity: Identity,
        token: Callable[[], str] | None = None,
        deadline: Deadline = NEVER,
    ) -> None:
        """``Terminal`` if the URL or the branch cannot be used. ``identity`` signs what ``push`` commits."""
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", remote.branch) or ".." in remote.branch:
            raise no_branch(remote.branch)
        if not remote.url or remote.url.startswith("-"):
            raise Terminal(
                f"The environment repo's URL {remote.url!r} is none.",
                "Correct RECONCILER_REPO_URL.",
                Reason.INVALID_CONFIGURATION,
            )
        self._remote = remote
        self._identity = identity
        self._git = GitCommand(remote.url, token, deadline)
        self._cache = GitCache(self._git, remote, cache_directory)
        self._folder = PurePosixPath(remote.folder.strip("/"))

    def tip(self) -> str:
        """See ``ports.EnvironmentRepo``. One call of the server, and no local copy."""
        try:
            found = self._git.run("ls-remote", "--", self._remote.url, self._remote.ref)
        except GitFailure as failure:
            raise failure.translated(self._remote.url) from None
        lines = [line.split("\t") for line in found.decode(errors="replace").splitlines()]
        tips = [line[0] for line in lines if line[1:] == [self._remote.ref]]
        if not tips:
            raise no_branch(self._remote.branch)
        return tips[0]

    def files(self, revision: str) -> Mapping[str, bytes]:
        """See ``ports.EnvironmentRepo``. Symbolic links and submodules do not count as files."""
        return self._use(partial(self._files, checked_revision(revision)))

    def commit(self, revision: str) -> Commit:
        """See ``ports.EnvironmentRepo``."""
        return self._use(partial(self._commit, checked_revision(revision)))

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """See ``ports.EnvironmentRepo``."""
        return self._use(partial(self._is_ancestor, ancestor, descendant))

    def log(self, revision: str, path: str, limit: int) -> Sequence[Commit]:
        """See ``ports.EnvironmentRepo``."""
        return self._use(partial(self._log, checked_revision(revision), checked_path(path), limit))

    def between(self, since: str | None, until: str) -> Sequence[str]:
        """See ``ports.EnvironmentRepo``."""
        return self._use(partial(self._between, _range(since, until)))

    def changes(
        self, since: str | None, until: str, paths: Sequence[str], signers: str, newest: int | None = None
    ) -> Sequence[Commit]:
        """See ``ports.EnvironmentRepo``."""
        inside = [str(self._folder / checked_path(path)) for path in paths]
        return self._use(partial(self._changes, _range(since, until), inside, signers, newest))

    def touched(self, revision: str) -> Sequence[str] | None:
        """See ``ports.EnvironmentRepo``."""
        return self._use(partial(self._touched, checked_revision(revision)))

    def approvals(self, environment: str, commits: Sequence[str], signers: str) -> Sequence[SignedTag]:
        """See ``ports.EnvironmentRepo``."""
        name = checked_path(environment)
        return self._use(lambda copy: git_signatures.tags(self._git, copy, name, commits, signers))

    def sign(self, name: str, commit: str, message: str, key: str) -> None:
        """See ``ports.EnvironmentRepo``."""
        tag = (str(checked_path(name)), checked_revision(commit), message)
        self._use(partial(self._sign, tag, key))

    def push(self, base: str, files: Mapping[str, bytes], message: str) -> Commit:
        """See ``ports.EnvironmentRepo``."""
        inside = {str(self._folder / checked_path(path)): body for path, body in files.items()}
        return self._use(partial(self._push, checked_revision(base), inside, message))

    def try_push(self, base: str) -> None:
        """All of ``push`` but the push: make and sign a commit that changes nothing, and ask the server.

        What it cannot tell are rules of a branch that a server looks at only when it is really pushed to.
        """
        self._use(partial(self._try_push, checked_revision(base)))

    def _use(self, work: Callable[[Path], R]) -> R:
        try:
            return self._cache.use(work)
        except GitFailure as failure:
            raise failure.translated(self._remote.url) from None

    def _files(self, revision: str, copy: Path) -> Mapping[str, bytes]:
        self._require(revision, copy)
        blobs = git_blobs.listed(self._git, copy, revision, self._folder)
        check_folder(dict.fromkeys(blobs, 0), revision)
        bodies = git_blobs.read(self._git, copy, revision, self._folder, frozenset(blobs.values()))
        files = {path: bodies[blob] for path, blob in blobs.items()}
        check_folder({path: len(body) for path, body in files.items()}, revision)
        return files

    def _commit(self, revision: str, copy: Path) -> Commit:
        self._require(revision, copy)
        (commit,) = self._commits(copy, "--max-count=1", revision)
        return commit

    def _is_ancestor(self, ancestor: str, descendant: str, copy: Path) -> bool:
        try:
            for revision in (descendant, ancestor):
                self._require(checked_revision(revision), copy)
        except Terminal:
            return False
        found = self._git.run("merge-base", "--all", ancestor, descendant, directory=copy, accept=(0, 1))
        return ancestor in found.decode().split()

    def _log(self, revision: str, path: str, limit: int, copy: Path) -> Sequence[Commit]:
        self._require(revision, copy)
        return self._commits(copy, f"--max-count={limit}", revision, "--", str(self._folder / path))

    def _between(self, wanted: list[str], copy: Path) -> Sequence[str]:
        self._require_all(wanted, copy)
        said = self._git.run("rev-list", f"--max-count={_MOST_COMMITS + 1}", *wanted, directory=copy)
        return _not_too_many(said.decode().split(), _MOST_COMMITS)

    def _changes(
        self, wanted: list[str], paths: list[str], signers: str, newest: int | None, copy: Path
    ) -> Sequence[Commit]:
        self._require_all(wanted, copy)
        most = _MOST_CHANGES + 1 if newest is None else newest
        with git_signatures.knowing(signers) as settings:
            said = self._git.run(
                *settings, "--literal-pathspecs", "log", "-z", "--simplify-merges",
                f"--max-count={most}", _PEOPLE, *wanted, "--", *paths, directory=copy,
            )  # fmt: skip
        rows = _rows(said, 8)
        return [_with_people(row) for row in (_not_too_many(rows, _MOST_CHANGES) if newest is None else rows)]

    def _touched(self, revision: str, copy: Path) -> Sequence[str] | None:
        self._require(revision, copy)
        found = self._git.run("rev-list", "--no-walk", "--parents", revision, directory=copy).decode().split()
        if len(found) != len(("itself", "its parent")):
            return None
        said = self._git.run(
            "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "--no-renames", revision, directory=copy
        )
        paths = said.decode(errors="replace").split("\0")[:-1]
        return [posixpath.relpath(path, self._folder) for path in paths]

    def _require_all(self, wanted: list[str], copy: Path) -> None:
        for revision in wanted:
            self._require(revision.removeprefix("^"), copy)

    def _sign(self, tag: tuple[str, str, str], key: str, copy: Path) -> None:
        name, commit, _ = tag
        self._require(commit, copy)
        before = git_signatures.listed(self._git, copy, name).get(name, "")
        made = git_signatures.sign(self._git, copy, tag, self._identity, key)
        ref = f"refs/tags/{name}"
        try:
            self._git.run(
                "push", "--porcelain", "--no-follow-tags", f"--force-with-lease={ref}:{before}",
                "origin", f"{made}:{ref}", directory=copy,
            )  # fmt: skip
        except GitFailure as failure:
            if failure.kind is Kind.OVERTAKEN:
                raise Conflict(f"Somebody just pushed the tag {name} too.", "Look and try again.") from None
            raise

    def _push(self, base: str, files: Mapping[str, bytes], message: str, copy: Path) -> Commit:
        if not self._known(base, copy):
            raise moved_on(self._remote.branch, base)
        with tempfile.TemporaryDirectory() as scratch:
            tree = git_blobs.tree_with(self._git, copy, base, files, Path(scratch) / "index")
        made = git_signatures.commit(self._git, copy, tree, base, f"{message.strip()}\n", self._identity)
        self._send(base, made, copy)
        (commit,) = self._commits(copy, "--max-count=1", made)
        return commit

    def _try_push(self, base: str, copy: Path) -> None:
        self._require(base, copy)
        made = git_signatures.commit(self._git, copy, f"{base}^{{tree}}", base, "Try\n", self._identity)
        self._send(base, made, copy, "--dry-run")

    def _send(self, base: str, new: str, copy: Path, *options: str) -> None:
        """Move the branch from ``base`` to its child ``new``; never from anywhere else."""
        ref = self._remote.ref
        try:
            self._git.run(
                "push", "--porcelain", "--no-thin", "--no-follow-tags", "--recurse-submodules=no",
                *options, f"--force-with-lease={ref}:{base}", "origin", f"{new}:{ref}", directory=copy,
            )  # fmt: skip
        except GitFailure as failure:
            if failure.kind is Kind.OVERTAKEN:
                raise moved_on(self._remote.branch, base) from None
            raise

    def _commits(self, copy: Path, *arguments: str) -> tuple[Commit, ...]:
        said = self._git.run("--literal-pathspecs", "log", "-z", _FORMAT, *arguments, directory=copy)
        return tuple(map(_commit, _rows(said, 5)))

    def _require(self, revision: str, copy: Path) -> None:
        if not self._known(revision, copy):
            raise unknown_commit(revision)

    def _known(self, revision: str, copy: Path) -> bool:
        """Is the commit in the copy, after asking the server if need be?"""
        if self._has(revision, copy):
            return True
        self._cache.fetch(copy)
        return self._has(revision, copy) or (
            self._cache.fetch_commit(copy, revision) and self._has(revision, copy)
        )

    def _has(self, revision: str, copy: Path) -> bool:
        try:
            # Without --missing=print a partial clone would ask the server, and take no answer for a no.
            found = self._git.run("rev-list", "--no-walk", "--missing=print", revision, directory=copy)
        except GitFailure as failure:
            if failure.said.strip() == f"fatal: bad object {revision}":
                return False
            raise
        return found.decode().strip() == revision


def _range(since: str | None, until: str) -> list[str]:
    """What git's walks are told: up to a commit, without what another has."""
    return [checked_revision(until), *([f"^{checked_revision(since)}"] if since is not None else [])]


def _not_too_many(found: list[T], most: int) -> list[T]:
    """Part of them would be worse than none: who had part in the others would not be known."""
    if len(found) > most:
        raise Terminal(
            f"Over {most} commits wait to be looked through, more than is sane.",
            "Let a commit say again what is in force (pointer, environment.yaml, reconciler.yaml, "
            "allowed_signers): nobody has to approve that. When it is accepted, commit the change again. "
            "Where nothing is in force yet, begin without `policy.approval`.",
            Reason.GIT_OPERATION_FAILED,
        )
    return found


def _rows(said: bytes, columns: int) -> list[list[str]]:
    words = said.decode(errors="replace").split("\0")[:-1]
    return [words[start : start + columns] for start in range(0, len(words), columns)]


def _commit(row: list[str]) -> Commit:
    sha, author, committer, at, subject = row
    return Commit(sha=sha, author=author, committer=committer, at=_utc(at), subject=subject)


def _with_people(row: list[str]) -> Commit:
    """As ``_commit``, with co-authors, and the signer if git calls the signature good, or what it is."""
    *plain, co_authors, good, signer = row
    people = tuple(filter(None, map(str.strip, co_authors.splitlines())))
    signed = {"signer": signer.lower()} if good == "G" else {"flaw": _FLAWS.get(good, BAD)}
    return _commit(plain).model_copy(update={"co_authors": people, **signed})


def _utc(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)

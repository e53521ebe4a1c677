"""The environment repo's twin: commits with their files, one branch, a history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import PurePosixPath

from reconciler.adapters.git_rules import (
    UNKNOWN_KEY,
    UNSIGNED,
    Identity,
    check_folder,
    checked_path,
    moved_on,
    no_branch,
    unknown_commit,
)
from reconciler.adapters.memory.clock import MemoryClock
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.observation import Commit, SignedTag
from reconciler.ports import Clock

RECONCILER = Identity("Reconciler", "reconciler@example.com")
PERSON = Identity("Ana", "ana@example.com")


@dataclass(frozen=True)
class _Stored:
    commit: Commit
    parent: str | None
    files: Mapping[str, bytes]
    key: str


class MemoryEnvironmentRepo(Twin):
    """A repo in memory, paths relative to its folder; empty until the first ``person_pushes``.

    A key is the address of whom it belongs to, and who commits with one signs.
    """

    def __init__(self, clock: Clock | None = None, identity: Identity = RECONCILER) -> None:
        super().__init__()
        self._clock: Clock = clock or MemoryClock()
        self._identity = identity
        self._commits: dict[str, _Stored] = {}
        self._tip: str | None = None
        self.tags: dict[str, SignedTag] = {}
        """By name; ``signer`` is whose key it is, whether anybody knows it or not."""

    @port_call
    def tip(self) -> str:
        """See ``ports.EnvironmentRepo``."""
        if self._tip is None:
            raise no_branch("main")
        return self._tip

    @port_call
    def files(self, revision: str) -> Mapping[str, bytes]:
        """See ``ports.EnvironmentRepo``."""
        files = self._at(revision).files
        check_folder({path: len(body) for path, body in files.items()}, revision)
        return dict(files)

    @port_call
    def commit(self, revision: str) -> Commit:
        """See ``ports.EnvironmentRepo``."""
        return self._at(revision).commit

    @port_call
    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """See ``ports.EnvironmentRepo``."""
        return any(stored.commit.sha == ancestor for stored in self._history(descendant))

    @port_call
    def log(self, revision: str, path: str, limit: int) -> Sequence[Commit]:
        """See ``ports.EnvironmentRepo``."""
        self._at(revision)
        touched = (stored.commit for stored in self._history(revision) if self._touches(stored, path))
        return tuple(commit for commit, _ in zip(touched, range(limit), strict=False))

    @port_call
    def between(self, since: str | None, until: str) -> Sequence[str]:
        """See ``ports.EnvironmentRepo``."""
        return tuple(stored.commit.sha for stored in self._between(since, until))

    @port_call
    def changes(
        self,
        since: str | None,
        until: str,
        paths: Sequence[str],
        signers: str,
        newest: int | None = None,
    ) -> Sequence[Commit]:
        """See ``ports.EnvironmentRepo``."""
        between = self._between(since, until)
        found = [one for one in between if any(self._touches(one, path) for path in paths)]
        return tuple(_verified(one, signers) for one in found[:newest])

    @port_call
    def touched(self, revision: str) -> Sequence[str] | None:
        """See ``ports.EnvironmentRepo``."""
        stored = self._at(revision)
        return tuple(sorted(self._changed(stored))) if stored.parent else None

    @port_call
    def approvals(self, environment: str, commits: Sequence[str], signers: str) -> Sequence[SignedTag]:
        """See ``ports.EnvironmentRepo``."""
        prefixes = tuple(f"approval/{environment}/{commit}/" for commit in commits)
        return tuple(_judged(tag, signers) for name, tag in self.tags.items() if name.startswith(prefixes))

    @port_call
    def sign(self, name: str, commit: str, message: str, key: str) -> None:
        """See ``ports.EnvironmentRepo``."""
        self._at(commit)
        self.tags[name] = SignedTag(
            name=name, commit=commit, signed_name=name, at=self._clock.now(), message=message, signer=key
        )

    @port_call
    def push(self, base: str, files: Mapping[str, bytes], message: str) -> Commit:
        """See ``ports.EnvironmentRepo``."""
        return self.push_as(self._identity, base, files, message)

    def push_as(self, who: Identity, base: str, files: Mapping[str, bytes], message: str) -> Commit:
        """``push`` by somebody else."""
        changed = {checked_path(path): body for path, body in files.items()}
        if base != self._tip or base not in self._commits:
            raise moved_on("main", base)
        return self._add(base, {**self._commits[base].files, **changed}, message, who)

    def person_pushes(
        self,
        files: Mapping[str, bytes | None],
        message: str = "Change",
        *,
        onto: str | None = None,
        by: Identity = PERSON,
    ) -> str:
        """Commit as a person and move the branch there; None deletes a file. Returns the commit's id.

        ``onto`` another commit than the tip is a forced push.
        """
        with self._lock:
            parent = onto or self._tip
            kept = dict(self._commits[parent].files) if parent else {}
            for path, body in files.items():
                if body is None:
                    kept.pop(path, None)
                else:
                    kept[path] = body
            return self._add(parent, kept, message, by).sha

    def rewind(self, revision: str) -> None:
        """Move the branch to an older commit, as a restored server would."""
        with self._lock:
            self._tip = self._at(revision).commit.sha

    def _add(self, parent: str | None, files: Mapping[str, bytes], message: str, who: Identity) -> Commit:
        at = self._clock.now()
        said = repr((parent, sorted(files.items()), message, str(who), at, len(self._commits)))
        commit = Commit(
            sha=sha1(said.encode(), usedforsecurity=False).hexdigest(),
            author=str(who),
            committer=str(who),
            at=at,
            subject=message.strip().splitlines()[0],
        )
        self._commits[commit.sha] = _Stored(commit, parent, dict(files), who.key)
        self._tip = commit.sha
        return commit

    def _at(self, revision: str) -> _Stored:
        if revision not in self._commits:
            raise unknown_commit(revision)
        return self._commits[revision]

    def _history(self, revision: str | None) -> Iterator[_Stored]:
        while revision in self._commits:
            stored = self._commits[str(revision)]
            yield stored
            revision = stored.parent

    def _between(self, since: str | None, until: str) -> list[_Stored]:
        self._at(until)
        there = {stored.commit.sha for stored in self._history(since)}
        return [stored for stored in self._history(until) if stored.commit.sha not in there]

    def _touches(self, stored: _Stored, path: str) -> bool:
        return any(PurePosixPath(key).is_relative_to(path) for key in self._changed(stored))

    def _changed(self, stored: _Stored) -> set[str]:
        before = self._commits[stored.parent].files if stored.parent else {}
        return {
            key for key in before.keys() | stored.files.keys() if before.get(key) != stored.files.get(key)
        }


class MemoryReverter(Twin):
    """The same repo, pushed to by the identity that reverts."""

    def __init__(self, repo: MemoryEnvironmentRepo, identity: Identity) -> None:
        super().__init__()
        self._repo, self._identity = repo, identity

    @port_call
    def push(self, base: str, files: Mapping[str, bytes], message: str, in_force: str) -> Commit:  # noqa: ARG002
        """See ``ports.Reverter``. Its key is valid; ``core.reversal`` asks whether it is known."""
        return self._repo.push_as(self._identity, base, files, message)

    @port_call
    def check(self, in_force: str) -> None:
        """See ``ports.Reverter``."""


def _judged(tag: SignedTag, signers: str) -> SignedTag:
    if tag.signer and tag.signer not in signers:
        return tag.model_copy(update={"signer": "", "flaw": UNKNOWN_KEY})
    return tag


def _verified(stored: _Stored, signers: str) -> Commit:
    if stored.key and stored.key in signers:
        return stored.commit.model_copy(update={"signer": stored.key})
    return stored.commit.model_copy(update={"flaw": UNKNOWN_KEY if stored.key else UNSIGNED})

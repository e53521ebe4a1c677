"""Which commit of a file counts, whatever its history looks like, and whose signature git finds on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import BAD, UNKNOWN_KEY, UNSIGNED, Identity
from reconciler.model.errors import Terminal
from tests.adapters.git_host import ANA, GitHost, git
from tests.adapters.ssh_people import person

PEOPLE = person("ana").signer + person("ben").signer
POINTER, HOLDS = "prod/pointer.yaml", "prod/holds.yaml"


class Clone:
    """Ana's clone, in which people commit as they like; ``key``: whose key signs, if anybody's."""

    def __init__(self, host: GitHost) -> None:
        self.at, self.host = host.bare.parent / "ana", host

    def commit(self, path: str, body: str, key: str = "", onto: str | None = None) -> str:
        """A commit on top of another, or of the one before."""
        if onto is not None:
            git("checkout", "--quiet", "--detach", onto, at=self.at)
        (self.at / "environments" / path).parent.mkdir(parents=True, exist_ok=True)
        (self.at / "environments" / path).write_text(body)
        git("add", "--all", at=self.at)
        return self._made(key, "commit", "--quiet", "-m", path)

    def merge(self, one: str, other: str, *options: str, key: str = "", body: str | None = None) -> str:
        """A merge of two; with ``body`` its pointer says that, whatever theirs say."""
        git("checkout", "--quiet", "--detach", one, at=self.at)
        git("merge", "--quiet", "--no-ff", "--no-commit", *options, other, at=self.at)
        if body is not None:
            (self.at / "environments" / POINTER).write_text(body)
            git("add", "--all", at=self.at)
        return self._made(key, "commit", "--quiet", "--allow-empty", "-m", "Merge")

    def _made(self, key: str, *command: str) -> str:
        signing = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={person(key).key}") if key else ()
        git(*signing, *command, *(["-S"] if key else []), at=self.at)
        made = git("rev-parse", "HEAD", at=self.at)
        git("push", "--quiet", "--force", "origin", "HEAD:main", at=self.at)
        return made

    def newest(self, since: str | None, until: str, path: str = POINTER) -> tuple[str, str]:
        """The newest change of a file: its commit, and who signed it or what is wrong."""
        (found,) = signing(self.host).changes(since, until, [path], PEOPLE, newest=1)
        return found.sha, found.signer or found.flaw


@pytest.fixture
def host(tmp_path: Path) -> GitHost:
    return GitHost(tmp_path)


@pytest.fixture
def clone(host: GitHost) -> Clone:
    """With a commit of prod's pointer, that Ana signed."""
    clone = Clone(host)
    clone.commit(POINTER, "1\n", "ana")
    return clone


def test_the_newest_change_of_a_file_is_the_one_that_counts(host: GitHost, clone: Clone) -> None:
    base = host.tip()
    unsigned = clone.commit(POINTER, "2\n")
    assert clone.newest(base, unsigned) == (unsigned, UNSIGNED)
    other = clone.commit(HOLDS, "1\n", "ana")
    assert clone.newest(base, other) == (unsigned, UNSIGNED)
    assert clone.newest(base, other, HOLDS) == (other, "ana@example.com")
    stranger = clone.commit(POINTER, "3\n", "eve")
    assert clone.newest(base, stranger) == (stranger, UNKNOWN_KEY)
    signed = clone.commit(POINTER, "4\n", "ben")
    assert clone.newest(base, signed) == (signed, "ben@example.com")
    undone = clone.commit(POINTER, "1\n")
    assert clone.newest(base, undone) == (undone, UNSIGNED)


def test_the_newest_is_so_by_its_place_whatever_its_date_says(
    host: GitHost, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = host.tip()
    clone.commit(POINTER, "2\n", "ana")
    monkeypatch.setitem(ANA, "GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    old = clone.commit(POINTER, "evil\n")
    assert clone.newest(base, old) == (old, UNSIGNED)
    assert clone.newest(None, old) == (old, UNSIGNED)


def test_of_a_plain_merge_the_commits_that_it_brings_count(host: GitHost, clone: Clone) -> None:
    base = host.tip()
    bump = clone.commit(POINTER, "2\n", "ana")
    hold = clone.commit(HOLDS, "1\n", "ben", onto=base)
    merged = clone.merge(hold, bump)
    assert clone.newest(base, merged) == (bump, "ana@example.com")
    assert clone.newest(base, merged, HOLDS) == (hold, "ben@example.com")
    unsigned = clone.commit(POINTER, "3\n", onto=bump)
    merged = clone.merge(hold, unsigned)
    assert clone.newest(base, merged) == (unsigned, UNSIGNED)


MERGES = {
    "takes ours": (("-s", "ours"), None),
    "takes theirs": (("-X", "theirs"), None),
    "says something of its own": (("-X", "ours"), "evil\n"),
}


@pytest.mark.parametrize("kind", MERGES)
def test_a_merge_that_chooses_between_changes_counts_itself(host: GitHost, clone: Clone, kind: str) -> None:
    options, body = MERGES[kind]
    base = host.tip()
    two, three = clone.commit(POINTER, "2\n", "ana"), clone.commit(POINTER, "3\n", "ben", onto=base)
    merged = clone.merge(two, three, *options, body=body)
    assert clone.newest(base, merged) == (merged, UNSIGNED)
    signed = clone.merge(two, three, *options, body=body, key="ana")
    assert clone.newest(base, signed) == (signed, "ana@example.com")


@pytest.mark.parametrize("first", [True, False])
def test_a_merge_that_brings_back_what_was_before_counts_itself(
    host: GitHost, clone: Clone, first: bool
) -> None:
    old = host.tip()
    base = clone.commit(POINTER, "2\n", "ana")
    side = clone.commit("notes.md", "x", onto=old)
    for other in (old, side):
        git("checkout", "--quiet", "--detach", base, at=clone.at)
        tree = git("rev-parse", f"{other}^{{tree}}", at=clone.at)
        parents = (base, other) if first else (other, base)
        listed = [word for parent in parents for word in ("-p", parent)]
        merged = git("commit-tree", tree, *listed, "-m", "Back", at=clone.at)
        git("push", "--quiet", "--force", "origin", f"{merged}:main", at=clone.at)
        for since in (base, None):
            assert clone.newest(since, merged) == (merged, UNSIGNED)


def test_a_history_from_elsewhere_counts_by_its_merge(host: GitHost, clone: Clone) -> None:
    base = host.tip()
    git("checkout", "--quiet", "--orphan", "elsewhere", at=clone.at)
    foreign = clone.commit(POINTER, "evil\n", "ana")
    merged = clone.merge(base, foreign, "--allow-unrelated-histories", "-X", "theirs")
    assert clone.newest(base, merged) == (merged, UNSIGNED)


@pytest.mark.parametrize(
    ("kind", "flaw"), [("altered", BAD), ("PGP", UNSIGNED), ("nonsense", BAD), ("of another", BAD)]
)
def test_what_only_looks_like_a_signature_is_none(host: GitHost, clone: Clone, kind: str, flaw: str) -> None:
    base = host.tip()
    signed = clone.commit(POINTER, "2\n", "ana")
    text, tree = git("cat-file", "commit", signed, at=clone.at), git("rev-parse", "HEAD^{tree}", at=clone.at)
    head, _, message = text.partition("\n\n")
    plain, _, armour = head.partition("\ngpgsig ")
    marks = {
        "altered": f"{head.replace('Ana <', 'Ann <', 1)}",
        "PGP": f"{plain}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----",
        "nonsense": f"{plain}\ngpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n -----END SSH SIGNATURE-----",
        "of another": f"{plain.replace(tree, EMPTY)}\ngpgsig {armour}",
    }
    body = f"{marks[kind]}\n\n{message}\n".encode()
    git("hash-object", "-t", "tree", "-w", "--stdin", at=clone.at)
    made = git("hash-object", "-t", "commit", "-w", "--stdin", at=clone.at, stdin=body)
    git("push", "--quiet", "--force", "origin", f"{made}:main", at=clone.at)
    assert clone.newest(base, made) == (made, flaw)


EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without files."""


def signing(host: GitHost, key: str = "") -> GitRepo:
    """What Ana's commands push with."""
    return GitRepo(Remote(host.url), host.bare.parent / "cache", Identity("Ana", "ana@example.com", key))


def test_a_commit_of_ours_is_signed_only_with_a_key(host: GitHost, clone: Clone) -> None:
    base = host.tip()
    pushed = signing(host, str(person("ana").key)).push(base, {POINTER: b"2\n"}, "Bump")
    assert clone.newest(base, pushed.sha) == (pushed.sha, "ana@example.com")
    unsigned = signing(host).push(pushed.sha, {POINTER: b"3\n"}, "Bump")
    assert clone.newest(base, unsigned.sha) == (unsigned.sha, UNSIGNED)


def test_a_key_that_cannot_sign_a_commit_is_told_and_nothing_is_pushed(host: GitHost, clone: Clone) -> None:
    base = host.tip()
    with pytest.raises(Terminal, match="could not sign") as refused:
        signing(host, "/nowhere/id_ed25519").push(base, {POINTER: b"2\n"}, "Bump")
    assert "user.signingKey" in refused.value.remedy
    assert host.tip() == base

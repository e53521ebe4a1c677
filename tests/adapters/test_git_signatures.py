"""Signatures as git and ssh-keygen judge them, each way in which one can be wrong."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
from reconciler.model.errors import Conflict, Terminal, Transient
from tests.adapters.git_host import ANA, GitHost, git
from tests.adapters.ssh_people import person

BEN = Identity("Ben", "ben@example.com")
PEOPLE = person("ana").signer + person("ben").signer


@pytest.fixture
def host(tmp_path: Path) -> GitHost:
    return GitHost(tmp_path)


def repo(host: GitHost, who: str = "ana", cache: str = "cache") -> GitRepo:
    return GitRepo(Remote(host.url), host.bare.parent / cache, Identity(who.title(), f"{who}@example.com"))


def name_of(commit: str, who: str = "ana", environment: str = "prod") -> str:
    return f"approval/{environment}/{commit}/{who}@example.com"


def sign(
    host: GitHost, commit: str, who: str = "ana", key: str | None = None, name: str | None = None
) -> None:
    path = str(person(key or who).key)
    repo(host, who).sign(name or name_of(commit, who), commit, "Approve\n\nChange: abc\n", path)


def by_hand(host: GitHost, *arguments: str, message: str = "", **settings: str) -> None:
    """A tag as somebody makes it who does not use our commands."""
    said = [word for key, value in settings.items() for word in ("-c", f"{key.replace('_', '.')}={value}")]
    subprocess.run(
        ["git", "--git-dir", str(host.bare), *said, "tag", *arguments],
        env={**os.environ, **ANA}, input=message.encode(), check=True, capture_output=True,
    )  # fmt: skip


def test_a_signature_is_told_with_whose_it_is_and_what_it_covers(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit)
    (tag,) = repo(host, cache="other").approvals("prod", [commit], PEOPLE)
    assert (tag.name, tag.signed_name, tag.commit) == (name_of(commit), name_of(commit), commit)
    assert (tag.signer, tag.flaw) == ("ana@example.com", "")
    assert tag.message == "Approve\n\nChange: abc\n"
    assert tag.at is not None


def test_only_tags_of_the_commits_and_the_environment_asked_for(host: GitHost) -> None:
    first, second = host.person_pushes({"a": b"1"}), host.person_pushes({"a": b"2"})
    for commit in (first, second):
        sign(host, commit)
    sign(host, second, name=name_of(second, environment="staging"))
    found = repo(host).approvals("prod", [second], PEOPLE)
    assert [tag.name for tag in found] == [name_of(second)]
    assert list(repo(host).approvals("prod", [], PEOPLE)) == []
    assert list(repo(host).approvals("dev", [first, second], PEOPLE)) == []


def test_signed_again_takes_the_place_of_what_was_signed(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit, key="eve")
    sign(host, commit)
    (tag,) = repo(host, cache="other").approvals("prod", [commit], PEOPLE)
    assert tag.signer == "ana@example.com"


def test_a_key_that_nobody_knows_is_nobodys(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit, key="eve")
    (tag,) = repo(host).approvals("prod", [commit], PEOPLE)
    assert (tag.signer, tag.flaw) == (
        "",
        "it was signed with a key that allowed_signers has not, or not any more",
    )


def test_a_good_signature_by_another_is_told_to_be_theirs(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit, key="ben")
    (tag,) = repo(host).approvals("prod", [commit], PEOPLE)
    assert tag.signer == "ben@example.com"


def test_a_key_that_may_sign_no_tags_does_not(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit)
    email, rest = person("ana").signer.split(" ", 1)
    for option in ('namespaces="file"', 'valid-before="20200101"'):
        (tag,) = repo(host).approvals("prod", [commit], f"{email} {option} {rest}")
        assert tag.signer == ""
        assert tag.flaw


def test_a_tag_that_somebody_altered_has_no_good_signature(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit)
    ref = f"refs/tags/{name_of(commit)}"
    text = git("cat-file", "tag", ref, at=host.bare).replace("Change: abc", "Change: abd")
    altered = git("hash-object", "-t", "tag", "-w", "--stdin", at=host.bare, stdin=f"{text}\n".encode())
    git("update-ref", ref, altered, at=host.bare)
    (tag,) = repo(host).approvals("prod", [commit], PEOPLE)
    assert (tag.signer, tag.flaw) == ("", "its signature is not good")


def test_a_tag_moved_to_another_name_says_what_was_signed(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit, name=name_of(commit, environment="staging"))
    oid = git("rev-parse", f"refs/tags/{name_of(commit, environment='staging')}", at=host.bare)
    git("update-ref", f"refs/tags/{name_of(commit)}", oid, at=host.bare)
    (tag,) = repo(host).approvals("prod", [commit], PEOPLE)
    assert tag.signed_name == name_of(commit, environment="staging")


UNSIGNED = {
    "light": "",
    "plain": "Approve\n",
    "quoted": 'Good "git" signature for ana@example.com with ED25519 key SHA256:abc\n',
    "faked": "Approve\n-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
    "gpg": "Approve\n-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----\n",
}


@pytest.mark.parametrize("kind", UNSIGNED)
def test_what_is_not_signed_is_nobodys(host: GitHost, kind: str) -> None:
    commit, message = host.person_pushes({"a": b"1"}), UNSIGNED[kind]
    annotated = ("-a", "--cleanup=verbatim", "-F", "-") if message else ()
    by_hand(host, *annotated, name_of(commit), commit, message=message)
    (tag,) = repo(host).approvals("prod", [commit], PEOPLE)
    assert tag.signer == ""
    assert tag.flaw


def test_an_empty_file_of_signers_knows_nobody(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit)
    (tag,) = repo(host).approvals("prod", [commit], "")
    assert tag.signer == ""


def test_a_key_that_cannot_sign_is_told_and_nothing_is_pushed(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    with pytest.raises(Terminal, match="could not sign") as refused:
        repo(host).sign(name_of(commit), commit, "Approve\n", "/nowhere/id_ed25519")
    assert "user.signingKey" in refused.value.remedy
    assert git("tag", "--list", at=host.bare) == ""


def test_nobody_writes_over_a_tag_that_came_in_between(
    host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit, key="ben")
    monkeypatch.setattr("reconciler.adapters.git_signatures.listed", lambda *_: {})
    with pytest.raises(Conflict, match="approval/prod"):
        sign(host, commit)


def test_who_signed_a_commit_and_who_had_part_in_it(host: GitHost) -> None:
    base = host.person_pushes({"prod/pointer.yaml": b"1"})
    work = host.bare.parent / "ana"
    said = "Bump\n\nCo-authored-by: Cleo <cleo@example.com>\nCo-Authored-By: Dan <dan@example.com>"
    (work / "environments/prod/pointer.yaml").write_bytes(b"2")
    git("add", "--all", at=work)
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={person('ben').key}")
    git(*signing, "commit", "--quiet", "-S", "-m", said, at=work)
    git("push", "--quiet", "origin", "HEAD:main", at=work)
    tip = host.person_pushes({"dev/pointer.yaml": b"1"}, "Another environment")
    (commit,) = repo(host).changes(base, tip, ["prod/pointer.yaml", "allowed_signers"], PEOPLE)
    assert (commit.author, commit.signer) == ("Ana <ana@example.com>", "ben@example.com")
    assert commit.co_authors == ("Cleo <cleo@example.com>", "Dan <dan@example.com>")
    (unknown,) = repo(host).changes(base, tip, ["prod/pointer.yaml"], person("ana").signer)
    assert unknown.signer == ""


def test_a_tag_of_somebody_unknown_is_told_and_not_fetched(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    for number in range(40):
        by_hand(host, f"approval/prod/{commit}/nobody{number}@example.com", commit)
    sign(host, commit, name=name_of(commit, "ben"), key="ben")
    found = repo(host).approvals("prod", [commit], PEOPLE)
    assert [tag.signer for tag in found if tag.signer] == ["ben@example.com"]
    assert {tag.flaw for tag in found} == {"", "nobody of that name has a key here"}
    assert len(found) == 21


def test_a_branch_whose_name_ends_like_a_tag_is_none(host: GitHost) -> None:
    commit = host.person_pushes({"a": b"1"})
    sign(host, commit)
    host.branch(f"x/refs/tags/approval/prod/{commit}/ana@example.com", commit)
    assert len(repo(host).approvals("prod", [commit], PEOPLE)) == 1


def test_a_tag_that_goes_away_meanwhile_is_a_matter_of_time(
    host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = host.person_pushes({"a": b"1"})
    there = {name_of(commit): "f" * 40}
    monkeypatch.setattr("reconciler.adapters.git_signatures.listed", lambda *_: there)
    with pytest.raises(Transient):
        repo(host).approvals("prod", [commit], PEOPLE)


def test_a_merge_is_a_change_only_if_it_makes_one(host: GitHost) -> None:
    pointer, work = "environments/prod/pointer.yaml", host.bare.parent / "ana"
    base = host.person_pushes({"prod/pointer.yaml": b"1\n", "dev/pointer.yaml": b"1\n"})
    bump = host.person_pushes({"prod/pointer.yaml": b"2\n"}, "Bump", onto=base)
    git("checkout", "--quiet", "-b", "notes", base, at=work)
    (work / "notes.md").write_text("notes")
    git("add", "--all", at=work)
    git("commit", "--quiet", "-m", "Notes", at=work)
    git("checkout", "--quiet", "-B", "main", bump, at=work)
    git("merge", "--quiet", "--no-ff", "-m", "Merge notes", "notes", at=work, by=BEN)
    git("push", "--quiet", "origin", "HEAD:main", at=work)
    clean = git("rev-parse", "HEAD", at=work)
    found = repo(host).changes(base, clean, ["prod/pointer.yaml"], PEOPLE)
    assert [commit.sha for commit in found] == [bump]

    git("checkout", "--quiet", "-b", "side", base, at=work)
    (work / pointer).write_text("3\n")
    git("commit", "--quiet", "-am", "Other bump", at=work)
    git("checkout", "--quiet", "main", at=work)
    git("merge", "--quiet", "--no-ff", "--no-commit", "-X", "ours", "side", at=work, by=BEN)
    (work / pointer).write_text("evil\n")
    git("commit", "--quiet", "-am", "Merge side", at=work, by=BEN)
    git("push", "--quiet", "origin", "HEAD:main", at=work)
    evil = git("rev-parse", "HEAD", at=work)
    found = repo(host).changes(clean, evil, ["prod/pointer.yaml"], PEOPLE)
    assert (evil, "Ben <ben@example.com>") in {(commit.sha, commit.committer) for commit in found}


def test_more_commits_than_are_looked_through_are_refused_whole(
    host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.adapters.git_repo._MOST_CHANGES", 2)
    base = host.person_pushes({"prod/pointer.yaml": b"0"})
    for number in range(1, 3):
        tip = host.person_pushes({"prod/pointer.yaml": f"{number}".encode()})
    assert len(repo(host).changes(base, tip, ["prod/pointer.yaml"], PEOPLE)) == 2
    tip = host.person_pushes({"prod/pointer.yaml": b"3"})
    with pytest.raises(Terminal, match="Over 2 commits") as refused:
        repo(host).changes(base, tip, ["prod/pointer.yaml"], PEOPLE)
    assert "Let a commit say again what is in force" in refused.value.remedy

"""What every environment repo guarantees: commits as they are, and pushes that never overwrite anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Protocol

import pytest

from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import UNKNOWN_KEY, UNSIGNED, Identity
from reconciler.adapters.memory import MemoryEnvironmentRepo
from reconciler.model.errors import Conflict, Terminal
from reconciler.model.reason import Reason
from reconciler.ports import EnvironmentRepo
from tests.adapters.git_host import GitHost, serve
from tests.adapters.ssh_people import person

BOT = Identity("Reconciler", "reconciler@example.com", str(person("ana").key))
"""It has Ana's key, so that what it pushes is signed."""

UNKNOWN = "f" * 40
TOKEN = "ghp_s3cr3tOfTheRepo"


class People(Protocol):
    """What people and the server do to the branch."""

    def person_pushes(
        self, files: Mapping[str, bytes | None], message: str = "Change", *, onto: str | None = None
    ) -> str: ...

    def rewind(self, revision: str) -> None: ...


@dataclass(frozen=True)
class Scene:
    """``key`` is Ana's, as the repo wants it, and ``signers`` knows it."""

    repo: EnvironmentRepo
    people: People
    key: str = str(person("ana").key)
    signers: str = person("ana").signer


@pytest.fixture(params=["twin", "git, no filters", "git, filters", "git, http with a token"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "twin":
        twin = MemoryEnvironmentRepo(identity=replace(BOT, key="ana@example.com"))
        yield Scene(twin, twin, "ana@example.com")
        return
    host = GitHost(tmp_path, filters="no filters" not in request.param)
    if "http" not in request.param:
        yield Scene(GitRepo(Remote(host.url), tmp_path / "cache", BOT), host)
        return
    server = serve(host, TOKEN)
    url = f"http://127.0.0.1:{server.server_port}/platform.git"
    yield Scene(GitRepo(Remote(url), tmp_path / "cache", BOT, lambda: TOKEN), host)
    server.shutdown()
    server.server_close()


def test_a_branch_that_does_not_exist_is_a_matter_for_a_person(scene: Scene) -> None:
    with pytest.raises(Terminal, match="main") as refused:
        scene.repo.tip()
    assert refused.value.reason is Reason.GIT_OPERATION_FAILED
    assert refused.value.remedy


def test_the_tip_is_the_newest_commit(scene: Scene) -> None:
    first = scene.people.person_pushes({"dev/pointer.yaml": b"1"})
    assert scene.repo.tip() == first
    second = scene.people.person_pushes({"dev/pointer.yaml": b"2"})
    assert scene.repo.tip() == second
    scene.people.rewind(first)
    assert scene.repo.tip() == first


def test_files_are_read_at_any_commit(scene: Scene) -> None:
    odd = {"dev/ä b.yaml": "ü\r\n".encode(), "dev/empty.yaml": b"", "reconciler.yaml": b"\0binary\n\n"}
    first = scene.people.person_pushes({"dev/pointer.yaml": b"1", **odd})
    second = scene.people.person_pushes({"dev/pointer.yaml": b"2", "reconciler.yaml": None})
    assert scene.repo.files(first) == {"dev/pointer.yaml": b"1", **odd}
    assert set(scene.repo.files(second)) == {"dev/pointer.yaml", "dev/ä b.yaml", "dev/empty.yaml"}
    assert scene.repo.files(second)["dev/pointer.yaml"] == b"2"


def test_a_commit_that_comes_after_the_first_look_is_found(scene: Scene) -> None:
    first = scene.people.person_pushes({"a": b"1"})
    scene.repo.files(first)
    second = scene.people.person_pushes({"a": b"2"})
    assert scene.repo.files(second) == {"a": b"2"}


@pytest.mark.parametrize("revision", [UNKNOWN, "main", "HEAD", "--all", "", "f" * 39])
def test_an_unknown_commit_is_refused(scene: Scene, revision: str) -> None:
    scene.people.person_pushes({"a": b"1"})
    for ask in (scene.repo.files, scene.repo.commit, lambda one: scene.repo.log(one, "a", 1)):
        with pytest.raises(Terminal, match="no commit"):
            ask(revision)


def test_a_folder_with_too_many_files_is_refused(scene: Scene) -> None:
    revision = scene.people.person_pushes({f"{number}.yaml": b"" for number in range(2_001)})
    with pytest.raises(Terminal, match="2001 files"):
        scene.repo.files(revision)


def test_a_folder_with_too_many_bytes_is_refused(scene: Scene) -> None:
    revision = scene.people.person_pushes({"big.yaml": b"x" * (2 * 1024 * 1024 + 1)})
    with pytest.raises(Terminal, match="2097153 bytes"):
        scene.repo.files(revision)


def test_a_commit_says_who_when_and_what(scene: Scene) -> None:
    revision = scene.people.person_pushes({"a": b"1"}, "Bump dags to 1.1.0 – schön\n\nMore words.")
    commit = scene.repo.commit(revision)
    assert (commit.sha, commit.subject) == (revision, "Bump dags to 1.1.0 – schön")
    assert commit.author == commit.committer == "Ana <ana@example.com>"
    assert commit.at.tzinfo is UTC


def test_ancestry(scene: Scene) -> None:
    first = scene.people.person_pushes({"a": b"1"})
    second = scene.people.person_pushes({"a": b"2"})
    sibling = scene.people.person_pushes({"a": b"3"}, onto=first)
    known = scene.repo.is_ancestor
    assert known(first, sibling)
    assert known(sibling, sibling)
    assert not known(sibling, first)
    assert not known(UNKNOWN, sibling)
    assert not known(sibling, UNKNOWN)
    assert not known(UNKNOWN, UNKNOWN)
    assert not known("", sibling)
    assert not known(second, sibling)


def test_a_tip_that_does_not_descend_from_one_seen_before_is_told_from_one_that_does(scene: Scene) -> None:
    first = scene.people.person_pushes({"a": b"1"})
    applied = scene.people.person_pushes({"a": b"2"})
    assert scene.repo.files(applied)
    forced = scene.people.person_pushes({"a": b"3"}, onto=first)
    assert not scene.repo.is_ancestor(applied, forced)
    scene.people.rewind(first)
    assert not scene.repo.is_ancestor(applied, first)


def test_the_log_tells_which_commits_touched_a_path(scene: Scene) -> None:
    one = scene.people.person_pushes({"dev/pointer.yaml": b"1"}, "one")
    scene.people.person_pushes({"prod/pointer.yaml": b"1"}, "two")
    three = scene.people.person_pushes({"dev/environment.yaml": b"1"}, "three")
    four = scene.people.person_pushes({"dev/pointer.yaml": None}, "four")
    assert [commit.sha for commit in scene.repo.log(four, "dev/pointer.yaml", 9)] == [four, one]
    assert [commit.subject for commit in scene.repo.log(four, "dev", 2)] == ["four", "three"]
    assert [commit.sha for commit in scene.repo.log(three, "dev", 9)] == [three, one]
    assert list(scene.repo.log(four, "dev*", 9)) == []
    assert list(scene.repo.log(four, "staging", 9)) == []


def test_a_push_puts_one_commit_on_the_branch(scene: Scene) -> None:
    base = scene.people.person_pushes({"dev/pointer.yaml": b"1", "dev/environment.yaml": b"kept"})
    pushed = scene.repo.push(
        base, {"dev/pointer.yaml": b"2", "new/file.yaml": b"3"}, "Promote\n\nReverts: x\n"
    )
    assert scene.repo.tip() == pushed.sha
    assert scene.repo.files(pushed.sha) == {
        "dev/pointer.yaml": b"2",
        "dev/environment.yaml": b"kept",
        "new/file.yaml": b"3",
    }
    assert (pushed.subject, pushed.author) == ("Promote", str(BOT))
    assert scene.repo.commit(pushed.sha) == pushed
    assert [commit.sha for commit in scene.repo.log(pushed.sha, "dev", 9)] == [pushed.sha, base]
    again = scene.repo.push(pushed.sha, {"dev/pointer.yaml": b"4"}, "Once more")
    assert scene.repo.is_ancestor(base, again.sha)


def test_a_push_that_lost_the_race_leaves_the_branch_untouched(scene: Scene) -> None:
    base = scene.people.person_pushes({"dev/pointer.yaml": b"1"})
    scene.repo.files(base)
    winner = scene.people.person_pushes({"dev/pointer.yaml": b"theirs"})
    with pytest.raises(Conflict) as lost:
        scene.repo.push(base, {"dev/pointer.yaml": b"ours"}, "Ours")
    assert lost.value.reason is Reason.SUPERSEDED
    assert scene.repo.tip() == winner
    assert scene.repo.files(winner) == {"dev/pointer.yaml": b"theirs"}
    assert scene.repo.push(winner, {"dev/pointer.yaml": b"ours"}, "Ours").subject == "Ours"


def test_a_push_onto_a_rewound_branch_is_refused(scene: Scene) -> None:
    old = scene.people.person_pushes({"a": b"1"})
    base = scene.people.person_pushes({"a": b"2"})
    scene.repo.files(base)
    scene.people.rewind(old)
    with pytest.raises(Conflict):
        scene.repo.push(base, {"a": b"3"}, "Go on")
    assert scene.repo.tip() == old


def test_a_push_onto_an_unknown_commit_is_refused(scene: Scene) -> None:
    tip = scene.people.person_pushes({"a": b"1"})
    with pytest.raises(Conflict):
        scene.repo.push(UNKNOWN, {"a": b"2"}, "Where?")
    assert scene.repo.tip() == tip


@pytest.mark.parametrize("path", ["../outside.yaml", "/etc/passwd", "dev/../../x", ".git/config", ""])
def test_a_push_stays_in_its_folder(scene: Scene, path: str) -> None:
    base = scene.people.person_pushes({"a": b"1"})
    with pytest.raises(ValueError, match="not a path inside"):
        scene.repo.push(base, {path: b""}, "Escape")
    assert scene.repo.tip() == base


def test_the_commits_between_two_are_told_newest_first(scene: Scene) -> None:
    first, second, third = (
        scene.people.person_pushes({"dev/pointer.yaml": body}) for body in (b"1", b"2", b"3")
    )
    assert list(scene.repo.between(first, third)) == [third, second]
    assert list(scene.repo.between(None, third)) == [third, second, first]
    assert list(scene.repo.between(third, third)) == []
    with pytest.raises(Terminal):
        scene.repo.between(first, UNKNOWN)


def test_the_files_that_a_commit_changes_are_told(scene: Scene) -> None:
    first = scene.people.person_pushes({"dev/pointer.yaml": b"1", "dev/old.yaml": b"x"})
    second = scene.people.person_pushes({"dev/pointer.yaml": b"2", "dev/old.yaml": None, "prod/é.yaml": b"x"})
    assert scene.repo.touched(first) is None
    assert sorted(scene.repo.touched(second) or ()) == ["dev/old.yaml", "dev/pointer.yaml", "prod/é.yaml"]
    pushed = scene.repo.push(second, {"dev/pointer.yaml": b"3"}, "Go on")
    assert list(scene.repo.touched(pushed.sha) or ()) == ["dev/pointer.yaml"]
    with pytest.raises(Terminal):
        scene.repo.touched(UNKNOWN)


def test_changes_are_those_of_the_files_asked_for(scene: Scene) -> None:
    first = scene.people.person_pushes({"dev/pointer.yaml": b"1", "dev/holds.yaml": b"1"})
    second = scene.people.person_pushes({"dev/pointer.yaml": b"2"})
    third = scene.people.person_pushes({"dev/holds.yaml": b"2"})
    fourth = scene.people.person_pushes({"dev/pointer.yaml": None})
    paths = ["dev/pointer.yaml", "dev/nowhere.yaml"]
    found = scene.repo.changes(first, fourth, paths, "")
    assert [commit.sha for commit in found] == [fourth, second]
    assert {(commit.author, commit.signer, commit.co_authors) for commit in found} == {
        ("Ana <ana@example.com>", "", ())
    }
    assert {commit.flaw for commit in found} == {UNSIGNED}
    assert [commit.sha for commit in scene.repo.changes(None, third, paths, "")] == [second, first]
    assert [commit.sha for commit in scene.repo.changes(first, fourth, paths, "", newest=1)] == [fourth]
    assert list(scene.repo.changes(fourth, fourth, paths, "", newest=1)) == []


def test_what_is_pushed_with_a_key_is_signed(scene: Scene) -> None:
    base = scene.people.person_pushes({"dev/pointer.yaml": b"1"})
    pushed = scene.repo.push(base, {"dev/pointer.yaml": b"2"}, "Promote")
    tip = scene.people.person_pushes({"dev/holds.yaml": b"1"})
    (known,) = scene.repo.changes(base, tip, ["dev/pointer.yaml"], scene.signers)
    assert (known.sha, known.signer, known.flaw) == (pushed.sha, "ana@example.com", "")
    (unknown,) = scene.repo.changes(base, tip, ["dev/pointer.yaml"], person("ben").signer)
    assert (unknown.sha, unknown.signer, unknown.flaw) == (pushed.sha, "", UNKNOWN_KEY)
    (unsigned,) = scene.repo.changes(base, tip, ["dev/holds.yaml"], scene.signers)
    assert (unsigned.signer, unsigned.flaw) == ("", UNSIGNED)


def test_an_approval_that_is_signed_can_be_read(scene: Scene) -> None:
    commit = scene.people.person_pushes({"dev/pointer.yaml": b"1"})
    other = scene.people.person_pushes({"dev/pointer.yaml": b"2"})
    name = f"approval/dev/{commit}/ana@example.com"
    assert list(scene.repo.approvals("dev", [commit], scene.signers)) == []
    for _ in range(2):
        scene.repo.sign(name, commit, "Approve\n\nChange: abc\n", scene.key)
    (tag,) = scene.repo.approvals("dev", [commit], scene.signers)
    assert (tag.name, tag.signed_name, tag.commit, tag.signer) == (name, name, commit, "ana@example.com")
    assert tag.message == "Approve\n\nChange: abc\n"
    assert tag.at is not None
    assert tag.at.tzinfo is UTC
    assert list(scene.repo.approvals("dev", [other], scene.signers)) == []
    assert list(scene.repo.approvals("prod", [commit], scene.signers)) == []
    (unknown,) = scene.repo.approvals("dev", [commit], "")
    assert (unknown.signer, bool(unknown.flaw)) == ("", True)


def test_only_a_commit_that_is_there_is_approved(scene: Scene) -> None:
    scene.people.person_pushes({"dev/pointer.yaml": b"1"})
    with pytest.raises(Terminal):
        scene.repo.sign(f"approval/dev/{UNKNOWN}/ana@example.com", UNKNOWN, "Approve\n", scene.key)

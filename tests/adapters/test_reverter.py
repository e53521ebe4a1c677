"""The identity that reverts, with real keys and a real Git: what it signs, and what it leaves behind."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
from reconciler.adapters.memory import MemoryClock
from reconciler.adapters.reverter import SigningReverter, private_file
from reconciler.model.errors import Conflict, Terminal
from tests.adapters.git_host import GitHost, git, serve
from tests.adapters.ssh_people import person
from tests.builders import NOW

ANA, REVERTER = person("ana"), person("reverter")
CONFIG = f"apiVersion: reconciler/v1\nkind: Reconciler\npromotion: [dev]\nreverter: {REVERTER.email}\n"
SIGNERS = ANA.signer + REVERTER.signer
OVER = SIGNERS.replace(f"{REVERTER.email} ", f"{REVERTER.email} valid-before=20200101Z ")
FILES = {"reconciler.yaml": CONFIG.encode(), "allowed_signers": SIGNERS.encode(), "dev/pointer.yaml": b"old"}


class Stage:
    """A branch with these files, and who reverts there with a key's text."""

    def __init__(self, home: Path) -> None:
        self.home, self.host = home, GitHost(home)
        self.opened: list[tuple[str, str, int, int]] = []
        self.files = dict[str, bytes | None](FILES)
        self.url = ""

    def repo(self, who: Identity = Identity("Bot", "bot@example.com")) -> GitRepo:
        return GitRepo(Remote(self.url or self.host.url), self.home / "cache", who)

    def as_(self, name: str, email: str, key: str) -> GitRepo:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (Path(key), Path(key).parent)]
        self.opened.append((name, key, modes[0], modes[1]))
        return self.repo(Identity(name, email, key))

    def reverter(self, text: str) -> SigningReverter:
        return SigningReverter(self.repo(), self.as_, lambda: text, "the-secret", MemoryClock(NOW))

    def push(self, text: str, files: dict[str, bytes] | None = None, in_force: str = SIGNERS) -> str:
        base = self.host.person_pushes(self.files)
        return (
            self.reverter(text)
            .push(base, files or {"dev/pointer.yaml": b"older"}, "Revert dev\n\nRelease: x", in_force)
            .sha
        )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    assert not any(Path(key).parent.exists() for _, key, *_ in stage.opened), "no key is left behind"


def test_it_signs_with_a_file_that_nobody_else_can_read_and_that_is_gone_then(stage: Stage) -> None:
    made = stage.push(REVERTER.key.read_text())
    ((name, key, file, folder),) = stage.opened
    assert (name, file, folder) == ("Reverter", 0o600, 0o700)
    assert not Path(key).parent.exists()
    assert stage.host.tip() == made
    (commit,) = stage.repo().changes(None, made, ["dev/pointer.yaml"], SIGNERS, newest=1)
    assert (commit.signer, commit.author) == (REVERTER.email, f"Reverter <{REVERTER.email}>")


def test_a_secret_may_have_lost_its_last_newline(stage: Stage) -> None:
    assert stage.push(REVERTER.key.read_text().strip()) == stage.host.tip()


@pytest.mark.parametrize(
    "text",
    [ANA.key.read_text(), "", "garbage", REVERTER.key.with_suffix(".pub").read_text()],
    ids=["somebody else's", "empty", "garbage", "the public one"],
)
def test_another_key_pushes_nothing_and_shows_in_no_message(stage: Stage, text: str) -> None:
    with pytest.raises(Terminal) as refused:
        stage.push(text)
    assert "the-secret" in str(refused.value)
    assert REVERTER.email in str(refused.value)
    assert not text or text.strip() not in str(refused.value)
    assert stage.host.show("environments/dev/pointer.yaml") == b"old"


@pytest.mark.parametrize(
    ("at_the_tip", "in_force"),
    [(OVER, SIGNERS), (SIGNERS, OVER), (SIGNERS, ANA.signer)],
    ids=["over at the tip", "over in force", "not accepted yet"],
)
def test_what_would_be_refused_later_is_not_pushed(stage: Stage, at_the_tip: str, in_force: str) -> None:
    stage.files["allowed_signers"] = at_the_tip.encode()
    with pytest.raises(Terminal, match=f"valid for {REVERTER.email} now"):
        stage.push(REVERTER.key.read_text(), in_force=in_force)
    assert stage.host.show("environments/dev/pointer.yaml") == b"old"


def test_without_an_identity_nothing_is_pushed(stage: Stage) -> None:
    stage.files["reconciler.yaml"] = CONFIG.replace("reverter", "# reverter").encode()
    with pytest.raises(Terminal, match="names no `reverter`"):
        stage.push(REVERTER.key.read_text())


def test_all_that_a_push_needs_can_be_tried_without_one(stage: Stage) -> None:
    tip = stage.host.person_pushes(stage.files)
    stage.reverter(REVERTER.key.read_text()).check(SIGNERS)
    assert len(stage.opened) == 1
    assert stage.host.tip() == tip
    for text, in_force in ((ANA.key.read_text(), SIGNERS), (REVERTER.key.read_text(), OVER)):
        with pytest.raises(Terminal, match=f"valid for {REVERTER.email} now"):
            stage.reverter(text).check(in_force)


def test_a_token_that_may_only_read_is_found_out_by_trying(stage: Stage) -> None:
    stage.host.person_pushes(stage.files)
    git("config", "http.receivepack", "false", at=stage.host.bare)
    server = serve(stage.host, None)
    stage.url = f"http://127.0.0.1:{server.server_port}/platform.git"
    try:
        with pytest.raises(Terminal, match="403"):
            stage.reverter(REVERTER.key.read_text()).check(SIGNERS)
    finally:
        server.shutdown()
        server.server_close()


def test_a_branch_that_moved_on_is_left_as_it_is(stage: Stage) -> None:
    base = stage.host.person_pushes(stage.files)
    tip = stage.host.person_pushes({"dev/pointer.yaml": b"newer"})
    reverter = SigningReverter(
        stage.repo(), stage.as_, REVERTER.key.read_text, "the-secret", MemoryClock(NOW)
    )
    with pytest.raises(Conflict):
        reverter.push(base, {"dev/pointer.yaml": b"older"}, "Revert", SIGNERS)
    assert stage.host.tip() == tip


def test_a_key_is_removed_also_where_its_use_fails() -> None:
    with pytest.raises(RuntimeError), private_file("x") as file:
        raise RuntimeError
    assert not file.parent.exists()

"""A Git server that is down, slow, refuses, talks nonsense, or whose history is another one than before."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.httpd import Handler
from reconciler.adapters import git_command
from reconciler.adapters.deadline import Deadline
from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_command import CLONE_SECONDS, SECONDS
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
from reconciler.engine.world import Outcome
from reconciler.model.errors import Transient
from reconciler.model.reason import ConditionType, Reason, Severity
from tests.adapters.git_host import GitHost, git, serve
from tests.bad_input.stage import INVALID, OUTSIDE, Case, Stage
from tests.engine import scene as scenery
from tests.engine.scene import pointer_yaml

BOT = Identity("Reconciler", "reconciler@example.com")
TOKEN = "ghp_s3cr3tOfTheRepo"
Fault = Callable[[Handler], bool]
"""Answers a request in place of Git; False leaves it to Git."""


@dataclass
class Hosted(Stage):
    """The stage with its repo on a real Git server over HTTP, and a fault that can be put before it."""

    home: Path
    faults: list[Fault] = field(default_factory=list)
    token: str = TOKEN

    def __post_init__(self) -> None:
        super().__init__()
        self.host = GitHost(self.home)
        self.server = serve(self.host, TOKEN)
        self._put_faults_before(self.server.RequestHandlerClass)  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{self.server.server_port}/platform.git"
        self.deadline = Deadline()
        repo = GitRepo(Remote(url), self.home / "cache", BOT, lambda: self.token, self.deadline)
        self.replace(repo=repo)
        # What people do with the twin, they do with the server.
        repo.person_pushes = self.host.person_pushes  # type: ignore[attr-defined]

    def _put_faults_before(self, handler: type[Handler]) -> None:
        for name in ("do_GET", "do_POST"):
            git_answers = getattr(handler, name)

            def answer(request: Handler, git_answers: Callable[[Handler], None] = git_answers) -> None:
                vars(request).pop("body", None)  # of the connection's request before
                if not any(fault(request) for fault in self.faults):
                    git_answers(request)

            setattr(handler, name, answer)

    def close(self) -> None:
        self.faults.clear()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    # Generous for a real answer on a busy machine, short for one that never comes.
    monkeypatch.setattr(git_command, "SECONDS", 5.0)
    stage = Hosted(tmp_path)
    stage.begin()
    yield stage
    stage.close()


def answers(status: int, body: bytes = b"no", **headers: str) -> Fault:
    def fault(request: Handler) -> bool:
        request.body()
        request.reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return True

    return fault


def hangs(request: Handler) -> bool:
    """Says what it will send, sends the beginning, and nothing more."""
    request.body()
    request.send_response(200)
    request.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
    request.send_header("Content-Length", "100000")
    request.end_headers()
    request.wfile.write(b"001e# service=git-upload-pack\n0000")
    request.wfile.flush()
    give_up = time.monotonic() + 30
    request.connection.settimeout(1)
    while time.monotonic() < give_up:
        try:
            if not request.connection.recv(1):
                break  # git went away
        except TimeoutError:
            continue
        except OSError:
            break
    request.close_connection = True
    return True


def breaks_off(request: Handler) -> bool:
    request.body()
    request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True
    return True


def only_packs(fault: Fault) -> Fault:
    """The tip is told; what it holds is not."""
    return lambda request: (
        "git-upload-pack" in request.path and request.command == "POST" and _fetches(request, fault)
    )


def _fetches(request: Handler, fault: Fault) -> bool:
    # `ls-remote` posts too; the body tells them apart, and can be read only once.
    body = request.body()
    request.body = lambda: body  # type: ignore[method-assign]
    return b"command=fetch" in body and fault(request)


PASSES = {
    "outcome": Outcome.RETRY,
    "severity": Severity.WARNING,
    "reason": Reason.GIT_OPERATION_FAILED,
    "exit_code": OUTSIDE,
}
FOR_A_PERSON = {**PASSES, "severity": Severity.ERROR, "exit_code": INVALID}
UPLOAD_PACK = "application/x-git-upload-pack-advertisement"

SERVER: dict[str, tuple[Fault, tuple[str, ...], dict[str, object]]] = {
    "breaks the connection off": (breaks_off, ("git ls-remote of http://",), PASSES),
    "500": (answers(500), ("returned error: 500",), PASSES),
    "503": (answers(503), ("returned error: 503",), PASSES),
    "429": (answers(429), ("returned error: 429",), PASSES),
    "slow, hangs in the middle": (hangs, ("no end after",), PASSES),
    "garbage": (answers(200, b"\0\xff no", Content_Type=UPLOAD_PACK), ("protocol error",), PASSES),
    "nothing": (answers(200, b"", Content_Type=UPLOAD_PACK), ("hung up",), PASSES),
    "401": (
        answers(401, WWW_Authenticate='Basic realm="git"'),
        ("git ls-remote", "RECONCILER_REPO_TOKEN_SECRET"),
        FOR_A_PERSON,
    ),
    "403": (answers(403), ("returned error: 403", "RECONCILER_REPO_TOKEN_SECRET"), FOR_A_PERSON),
    "404": (answers(404), ("not found", "RECONCILER_REPO_URL"), FOR_A_PERSON),
    "a page to log in": (
        answers(200, b"<html>\n<h1>Log in</h1>\n</html>\n", Content_Type="text/html"),
        ("RECONCILER_REPO_URL",),
        FOR_A_PERSON,
    ),
}


@pytest.mark.parametrize("case", SERVER)
def test_a_server_that(case: str, hosted: Hosted) -> None:
    fault, says, outcome = SERVER[case]
    Case(
        spoil=lambda stage: hosted.faults.append(fault),
        says=says,
        mend=lambda stage: hosted.faults.clear(),
        **outcome,  # type: ignore[arg-type]
    ).play(hosted)


@pytest.mark.parametrize("fault", [hangs, breaks_off, answers(503), answers(200, b"\0garbage")])
def test_a_server_that_tells_the_tip_but_not_what_it_holds(hosted: Hosted, fault: Fault) -> None:
    def spoil(stage: Stage) -> None:
        hosted.host.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")})
        hosted.faults.append(only_packs(fault))

    Case(
        spoil=spoil,
        says=("git fetch of http://",),
        mend=lambda stage: hosted.faults.clear(),
        **PASSES,  # type: ignore[arg-type]
    ).play(hosted)


@pytest.mark.parametrize("fault", [breaks_off, answers(503), only_packs(breaks_off)])
def test_a_server_that_fails_once_costs_no_tick(hosted: Hosted, fault: Fault) -> None:
    hosted.host.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")})
    failed: list[str] = []

    def once(request: Handler) -> bool:
        done = not failed and fault(request)
        failed.extend([request.path] if done else [])
        return done

    hosted.faults.append(once)
    assert hosted.scene.tick().outcome is not Outcome.RETRY
    assert failed


def test_a_server_that_is_down(hosted: Hosted) -> None:
    port = hosted.server.server_port

    def spoil(stage: Stage) -> None:
        hosted.server.shutdown()
        hosted.server.server_close()

    def mend(stage: Stage) -> None:
        hosted.server = type(hosted.server)(port, hosted.server.RequestHandlerClass)  # type: ignore[arg-type]
        hosted.server.start()

    says = ("git ls-remote of http://", "Failed to connect")
    Case(spoil=spoil, says=says, mend=mend, **PASSES).play(hosted)  # type: ignore[arg-type]


def test_a_token_that_is_no_longer_good(hosted: Hosted) -> None:
    def mend(stage: Stage) -> None:
        hosted.token = TOKEN

    Case(
        spoil=lambda stage: setattr(hosted, "token", "ghp_0ld"),
        says=("RECONCILER_REPO_TOKEN_SECRET",),
        mend=mend,
        **FOR_A_PERSON,  # type: ignore[arg-type]
    ).play(hosted)
    assert not [event for event in hosted.scene.events if "ghp_" in event.message]


def rewound(hosted: Hosted) -> None:
    hosted.host.rewind(git("rev-parse", "main~1", at=hosted.host.bare))


def forced(hosted: Hosted) -> None:
    base = git("rev-parse", "main~1", at=hosted.host.bare)
    hosted.host.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")}, onto=base)


def deleted(hosted: Hosted) -> None:
    git("branch", "saved", "main", at=hosted.host.bare)
    git("update-ref", "-d", "refs/heads/main", at=hosted.host.bare)


def odd_neighbour(hosted: Hosted) -> None:
    """Besides, a branch that ends alike and whose name is no text."""
    deleted(hosted)
    line = git("rev-parse", "saved", at=hosted.host.bare).encode() + b" refs/heads/\xff/refs/heads/main\n"
    packed = hosted.host.bare / "packed-refs"
    packed.write_bytes((packed.read_bytes() if packed.exists() else b"") + line)


# The gate's own sentence holds what to do; there is no remedy beside it.
REWRITTEN = {
    "reason": Reason.REVISION_NOT_DESCENDANT,
    "says_what_to_do": "Push a commit whose history contains",
}
HISTORY: dict[str, tuple[Callable[[Hosted], None], tuple[str, ...], dict[str, object]]] = {
    "rewound": (rewound, ("history was rewritten",), REWRITTEN),
    "pushed by force": (forced, ("history was rewritten",), REWRITTEN),
    "deleted": (deleted, ("no branch 'main'", "Push the branch"), FOR_A_PERSON),
    "deleted, with an odd neighbour": (odd_neighbour, ("no branch 'main'", "Push the branch"), FOR_A_PERSON),
}


@pytest.mark.parametrize("case", HISTORY)
def test_a_branch_that_was(case: str, hosted: Hosted) -> None:
    hosted.host.person_pushes({"README.md": b"hello"})
    hosted.scene.tick()
    good = hosted.host.tip()
    do, says, outcome = HISTORY[case]
    Case(
        spoil=lambda stage: do(hosted),
        says=says,
        mend=lambda stage: git("update-ref", "refs/heads/main", good, at=hosted.host.bare),
        **outcome,  # type: ignore[arg-type]
    ).play(hosted)


def test_a_tag_is_nothing_to_us(hosted: Hosted) -> None:
    git("tag", "main", "HEAD", at=hosted.home / "ana")
    git("push", "--quiet", "origin", "refs/tags/main", at=hosted.home / "ana")
    told = len(hosted.scene.events)
    assert hosted.scene.tick().outcome is Outcome.IDLE
    assert len(hosted.scene.events) == told


def test_the_first_copy_has_longer_than_any_other_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone of over 20 s failed at every tick anew. It still leaves time to tell, of a function's 120 s."""
    assert SECONDS < CLONE_SECONDS <= 120 - Deadline().telling_seconds
    monkeypatch.setattr(git_command, "SECONDS", 0.0)
    host = GitHost(tmp_path)
    revision = host.person_pushes({"reconciler.yaml": scenery.RECONCILER_YAML})
    repo = GitRepo(Remote(host.url), tmp_path / "cache", BOT)
    with pytest.raises(Transient, match=r"git (?!clone)\S+ of .* no end after 0 s"):
        repo.files(revision)
    assert list((tmp_path / "cache").glob("*.git")), "the copy was made"


def test_a_first_copy_that_never_ends_says_what_to_do(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_command, "CLONE_SECONDS", 0.5)
    tip = hosted.host.tip()
    hosted.faults.append(only_packs(hangs))
    empty = GitRepo(Remote(hosted.scene.repo._remote.url), hosted.home / "new", BOT, lambda: TOKEN)  # type: ignore[attr-defined]
    with pytest.raises(Transient, match="give the environments a repo of their own"):
        empty.files(tip)
    assert not list((hosted.home / "new").glob("*.git*")), "half a copy is none"


def test_no_command_begins_when_the_tick_is_over(hosted: Hosted) -> None:
    hosted.deadline.set(Deadline().telling_seconds)
    hosted.host.person_pushes({"dev/pointer.yaml": pointer_yaml("1.1.0")})
    before = hosted.live()
    result = hosted.scene.tick()
    assert result.outcome is Outcome.RETRY
    assert "time of this tick was over" in result.message
    assert hosted.live() == before
    assert hosted.scene.state.conditions[ConditionType.FETCH_FAILED].status is True

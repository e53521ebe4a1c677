"""The Git adapter where git itself can go wrong: crashes, races, servers, tokens."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.httpd import Handler, Server
from reconciler.adapters import git_command
from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_command import GitCommand
from reconciler.adapters.git_errors import GitFailure
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
from reconciler.model.errors import Conflict, ReconcilerError, Terminal, Transient
from reconciler.model.reason import Reason
from tests.adapters.git_host import GitHost, git, serve

BOT = Identity("Reconciler", "reconciler@example.com")
TOKEN = "ghp_s3cr3tOfTheRepo"
BASIC = "eC1hY2Nlc3MtdG9rZW46Z2hwX3MzY3IzdE9mVGhlUmVwbw=="


@pytest.fixture
def host(tmp_path: Path) -> GitHost:
    return GitHost(tmp_path)


@pytest.fixture
def guarded(host: GitHost) -> Iterator[str]:
    """The URL of a server that wants the token."""
    server = serve(host, TOKEN)
    yield f"http://127.0.0.1:{server.server_port}/platform.git"
    server.shutdown()
    server.server_close()


def repo(url: str, cache: Path, token: str | None = None) -> GitRepo:
    return GitRepo(Remote(url), cache, BOT, (lambda: token) if token else None)


def the_copy(cache: Path) -> Path:
    """The one clone in a cache directory."""
    (found,) = cache.glob("*.git")
    return found


def test_a_commit_of_another_branch_can_be_looked_at(host: GitHost, guarded: str, tmp_path: Path) -> None:
    first = host.person_pushes({"a": b"1"})
    proposed = host.person_pushes({"a": b"2"})
    host.branch("try", proposed)
    host.rewind(first)
    for number, url in enumerate((host.url, guarded)):
        reader = repo(url, tmp_path / f"cache {number}", TOKEN)
        assert reader.files(first) == {"a": b"1"}
        assert reader.is_ancestor(first, proposed)
        assert reader.files(proposed) == {"a": b"2"}
        assert reader.tip() == first


def test_a_commit_that_is_on_no_branch_is_not_known(host: GitHost, guarded: str, tmp_path: Path) -> None:
    first = host.person_pushes({"a": b"1"})
    for number, url in enumerate((host.url, guarded)):
        with pytest.raises(Terminal, match="no commit"):
            repo(url, tmp_path / f"cache {number}", TOKEN).files("0123456789" * 4)
        assert repo(url, tmp_path / f"cache {number}", TOKEN).files(first)


def test_the_tip_needs_no_copy(host: GitHost, tmp_path: Path) -> None:
    tip = host.person_pushes({"a": b"1"})
    assert repo(host.url, tmp_path / "cache").tip() == tip
    assert not (tmp_path / "cache").exists()


def test_a_branch_whose_name_ends_alike_is_another_one(host: GitHost, tmp_path: Path) -> None:
    tip = host.person_pushes({"a": b"1"})
    git("update-ref", "refs/heads/old/refs/heads/main", tip, at=host.bare)
    git("update-ref", "-d", "refs/heads/main", at=host.bare)
    with pytest.raises(Terminal, match="no branch 'main'"):
        repo(host.url, tmp_path / "cache").tip()


def test_only_what_is_asked_for_is_downloaded(host: GitHost, tmp_path: Path) -> None:
    first = host.person_pushes({"a.yaml": b"old", "../dags/huge.py": os.urandom(100_000)})
    second = host.person_pushes({"a.yaml": b"new"})
    reader = repo(host.url, tmp_path / "cache")
    assert reader.files(second) == {"a.yaml": b"new"}
    assert sum(file.stat().st_size for file in (tmp_path / "cache").rglob("*.pack")) < 5_000
    assert reader.files(first) == {"a.yaml": b"old"}


def test_many_files_take_one_request(host: GitHost, tmp_path: Path) -> None:
    revision = host.person_pushes({f"{number}.yaml": b"%d" % number for number in range(60)})
    asked: list[str] = []
    server = serve(host, None)
    answer = server.RequestHandlerClass.do_POST  # type: ignore[attr-defined]

    def counted(handler: Handler) -> None:
        asked.append(handler.path)
        answer(handler)

    server.RequestHandlerClass.do_POST = counted  # type: ignore[attr-defined]
    try:
        reader = repo(f"http://127.0.0.1:{server.server_port}/platform.git", tmp_path / "cache")
        assert len(reader.files(revision)) == 60
        after_the_first = len(asked)
        reader.files(revision)
        reader.commit(revision)
        assert reader.is_ancestor(revision, revision)
    finally:
        server.shutdown()
        server.server_close()
    assert after_the_first <= 4
    assert len(asked) == after_the_first


def test_links_and_files_outside_the_folder_are_not_read(host: GitHost, tmp_path: Path) -> None:
    host.person_pushes({"a.yaml": b"1", "../secret.txt": b"no"})
    work = tmp_path / "ana" / "environments"
    (work / "link.yaml").symlink_to("../secret.txt")
    revision = host.person_pushes({"b.yaml": b"2"})
    assert host.show("environments/link.yaml") == b"../secret.txt"
    assert repo(host.url, tmp_path / "cache").files(revision) == {"a.yaml": b"1", "b.yaml": b"2"}


def test_a_repo_without_the_folder_has_no_files(host: GitHost, tmp_path: Path) -> None:
    revision = host.person_pushes({"../README.md": b"hello"})
    assert repo(host.url, tmp_path / "cache").files(revision) == {}


def test_the_folder_may_be_the_whole_repo(tmp_path: Path) -> None:
    host = GitHost(tmp_path, folder=".")
    base = host.person_pushes({"dev/pointer.yaml": b"1"})
    whole = GitRepo(Remote(host.url, folder=""), tmp_path / "cache", BOT)
    assert whole.files(base) == {"dev/pointer.yaml": b"1"}
    pushed = whole.push(base, {"dev/pointer.yaml": b"2"}, "Bump")
    assert [commit.sha for commit in whole.log(pushed.sha, "dev/pointer.yaml", 9)] == [pushed.sha, base]
    assert host.show("dev/pointer.yaml") == b"2"


@pytest.mark.parametrize(
    "damage", ["no HEAD", "empty pack", "no objects", "a file", "stale lock", "empty ref", "unfinished clone"]
)
def test_a_copy_that_a_crash_left_broken_is_made_again(host: GitHost, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    base = host.person_pushes({"a": b"1"})
    assert repo(host.url, cache).files(base) == {"a": b"1"}
    copy = the_copy(cache)
    match damage:
        case "no HEAD":
            (copy / "HEAD").unlink()
        case "empty pack":
            for pack in copy.glob("objects/pack/*.pack"):
                pack.chmod(stat.S_IRWXU)
                pack.write_bytes(b"")
        case "no objects":
            shutil.rmtree(copy / "objects")
        case "a file":
            shutil.rmtree(copy)
            copy.write_bytes(b"not a directory")
        case "stale lock":
            (copy / "refs" / "heads" / "main.lock").parent.mkdir(parents=True, exist_ok=True)
            (copy / "refs" / "heads" / "main.lock").touch()
        case "empty ref":
            (copy / "refs" / "heads" / "main").write_bytes(b"")
        case "unfinished clone":
            copy.rename(copy.with_suffix(".unfinished"))
    newer = host.person_pushes({"a": b"2"})
    after = repo(host.url, cache)
    assert after.files(newer) == {"a": b"2"}
    assert after.is_ancestor(base, newer)
    pushed = after.push(newer, {"a": b"3"}, "Go on")
    assert host.tip() == pushed.sha


def test_a_copy_with_very_many_packs_is_made_again(
    host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.adapters.git_cache.MANY_PACKS", 3)
    reader = repo(host.url, tmp_path / "cache")
    for number in range(8):
        reader.files(host.person_pushes({"a": b"%d" % number}))
        assert len(list(the_copy(tmp_path / "cache").glob("objects/pack/*.pack"))) <= 5


PROCESS = """
import sys
from pathlib import Path
from reconciler.adapters.git_cache import Remote
from reconciler.adapters.git_command import GitCommand
from reconciler.adapters.git_errors import GitFailure
from reconciler.adapters.git_repo import GitRepo
from reconciler.adapters.git_rules import Identity
repo = GitRepo(Remote(sys.argv[1]), Path(sys.argv[2]), Identity("R", "r@example.com"))
print(sorted(repo.files(sys.argv[3]).items()))
"""


def test_processes_share_a_copy(host: GitHost, tmp_path: Path) -> None:
    revisions = [host.person_pushes({"a": b"%d" % number}) for number in range(4)]

    def read(revision: str) -> str:
        command = [sys.executable, "-c", PROCESS, host.url, str(tmp_path / "cache"), revision]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, revisions)) == [f"[('a', b'{number}')]" for number in range(4)]
    assert the_copy(tmp_path / "cache")


def test_of_many_pushes_onto_one_tip_one_wins(host: GitHost, tmp_path: Path) -> None:
    base = host.person_pushes({"a": b"0"})

    def push(number: int) -> str | None:
        # Each with a copy of its own, as Lambda containers have.
        racer = repo(host.url, tmp_path / f"cache{number}")
        try:
            return racer.push(base, {"a": b"%d" % number}, f"Racer {number}").sha
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as pool:
        won = [sha for sha in pool.map(push, range(6)) if sha]
    assert won == [host.tip()]
    assert git("rev-list", "--count", "main", at=host.bare) == "2"


def test_a_push_that_a_hook_declines_is_a_matter_for_a_person(host: GitHost, tmp_path: Path) -> None:
    base = host.person_pushes({"a": b"1"})
    hook = host.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected: open a pull request' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Terminal, match=r"protected.*rules of the branch") as refused:
        repo(host.url, tmp_path / "cache").push(base, {"a": b"2"}, "Try")
    assert refused.value.reason is Reason.GIT_OPERATION_FAILED
    assert host.tip() == base


def test_a_branch_moved_between_our_look_and_the_servers_is_a_conflict(host: GitHost, tmp_path: Path) -> None:
    base = host.person_pushes({"a": b"1"})
    newer = host.person_pushes({"a": b"theirs"})
    host.rewind(base)
    hook = host.bare / "hooks" / "pre-receive"
    # Runs after our own comparison, just before the server's.
    hook.write_text(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        f"git update-ref refs/heads/main {newer}\n"
    )
    hook.chmod(0o755)
    with pytest.raises(Conflict):
        repo(host.url, tmp_path / "cache").push(base, {"a": b"ours"}, "Ours")
    assert host.tip() == newer


def errors_of(reader: GitRepo, base: str = "a" * 40) -> list[ReconcilerError]:
    """What each call of a repo that does not work raises."""
    found = []
    for ask in (
        reader.tip,
        lambda: reader.files(base),
        lambda: reader.commit(base),
        lambda: reader.log(base, "a", 1),
        lambda: reader.is_ancestor(base, base),
        lambda: reader.push(base, {"a": b""}, "x"),
    ):
        with pytest.raises(ReconcilerError) as caught:
            ask()
        found.append(caught.value)
    return found


def everything(error: BaseException) -> str:
    """All that could end up in a log: message, remedy, traceback with its causes."""
    return "\n".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])


def test_a_wrong_token_is_a_matter_for_a_person_and_is_never_shown(guarded: str, tmp_path: Path) -> None:
    for error in errors_of(repo(guarded, tmp_path / "cache", "wr0ngT0ken")):
        assert isinstance(error, Terminal)
        assert "RECONCILER_REPO_TOKEN_SECRET" in error.remedy
        assert "wr0ngT0ken" not in everything(error)


def test_no_token_never_asks_anybody(guarded: str, tmp_path: Path) -> None:
    for error in errors_of(repo(guarded, tmp_path / "cache")):
        assert isinstance(error, Terminal)


def test_git_tracing_does_not_show_the_token(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    wrong = TOKEN + "."
    for error in errors_of(repo(guarded, tmp_path / "cache", wrong)):
        assert TOKEN not in everything(error)
        assert BASIC[:40] not in everything(error)
    with pytest.raises(GitFailure) as failed:
        GitCommand(guarded, lambda: wrong).run("ls-remote", "--", guarded)
    assert "Authorization: Basic ***" in failed.value.said
    assert BASIC[:40] not in everything(failed.value)


def test_the_token_is_on_no_command_line(
    guarded: str, host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy, log = tmp_path / "bin" / "git", tmp_path / "commands"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {shutil.which("git")} "$@"\n')
    spy.chmod(0o755)
    base = host.person_pushes({"a": b"1"})
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    reader = repo(guarded, tmp_path / "cache", TOKEN)
    assert reader.files(reader.tip()) == {"a": b"1"}
    reader.push(base, {"a": b"2"}, "Bump")
    commands = log.read_text()
    assert "clone" in commands
    assert "push" in commands
    assert TOKEN not in commands
    assert BASIC not in commands
    copy = the_copy(tmp_path / "cache")
    assert TOKEN not in (copy / "config").read_text()
    assert BASIC not in (copy / "config").read_text()


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    password = "hu" + "sh"
    with pytest.raises(Terminal, match="RECONCILER_REPO_TOKEN_SECRET") as refused:
        repo(f"https://me:{password}@example.com/x.git", tmp_path)
    assert password not in everything(refused.value)


@pytest.mark.parametrize("branch", ["--upload-pack=evil", "a..b", "", "a b", "-x"])
def test_a_branch_that_is_none_is_refused(tmp_path: Path, branch: str) -> None:
    with pytest.raises(Terminal):
        GitRepo(Remote("https://example.com/x.git", branch=branch), tmp_path, BOT)


def test_a_url_cannot_run_commands(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for error in errors_of(repo(f"ext::sh -c 'touch {marker}'", tmp_path / "cache")):
        assert isinstance(error, (Terminal, Transient))
    with pytest.raises(Terminal):
        repo("--upload-pack=touch", tmp_path)
    assert not marker.exists()


def test_a_repo_that_does_not_exist_is_a_matter_for_a_person(tmp_path: Path) -> None:
    for error in errors_of(repo(f"file://{tmp_path}/nowhere.git", tmp_path / "cache")):
        assert isinstance(error, Terminal)
        assert "RECONCILER_REPO_URL" in error.remedy


def test_a_server_that_is_down_passes(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for error in errors_of(repo(f"http://127.0.0.1:{port}/x.git", tmp_path / "cache")):
        assert isinstance(error, Transient)
        assert error.reason is Reason.GIT_OPERATION_FAILED


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Transient), (503, Transient), (429, Transient), (404, Terminal)]
)
def test_what_a_server_answers_decides(status: int, kind: type[ReconcilerError], tmp_path: Path) -> None:
    class Failing(Handler):
        def do_GET(self) -> None:
            self.reply(status, b"no")

    server = Server(0, Failing)
    server.start()
    try:
        for error in errors_of(repo(f"http://127.0.0.1:{server.server_port}/x.git", tmp_path / "cache")):
            assert isinstance(error, kind)
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_command, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(Transient, match="no end after"):
            repo(url, tmp_path / "cache").tip()


def test_without_git_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Terminal, match="Install git"):
        repo("https://example.com/x.git", tmp_path).tip()


def test_without_git_the_adapter_can_still_be_imported(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tests.adapters.test_git_repo import repo\n"
        "try: repo('https://example.com/x.git', Path('/nowhere')).tip()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Terminal git was not found.")
    assert done.stderr == ""


def test_hooks_of_the_machine_do_not_run(
    host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks, marker = tmp_path / "hooks", tmp_path / "ran"
    hooks.mkdir()
    for name in ("pre-push", "post-index-change"):  # those that only a client runs
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)
    base = host.person_pushes({"a": b"1"})
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n[log]\n\tshowSignature = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repo(host.url, tmp_path / "cache").push(base, {"a": b"2"}, "Quietly")
    assert host.tip() != base
    assert not marker.exists()


def test_what_a_commit_changes_outside_the_folder_is_told_and_a_merge_is_told_apart(tmp_path: Path) -> None:
    host = GitHost(tmp_path)
    base = host.person_pushes({"dev/pointer.yaml": b"1"})
    other = host.person_pushes({"dev/pointer.yaml": b"2", "../dags/one.py": b"x"})
    repo = GitRepo(Remote(host.url), tmp_path / "cache", Identity("Bot", "bot@example.com"))
    assert sorted(repo.touched(other) or ()) == ["../dags/one.py", "dev/pointer.yaml"]
    tree = git("rev-parse", f"{other}^{{tree}}", at=host.bare)
    merge = git("commit-tree", tree, "-p", base, "-p", other, "-m", "Merge", at=host.bare)
    host.rewind(merge)
    assert repo.touched(merge) is None

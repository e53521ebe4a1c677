"""A warm interpreter: quick, private to its caller, gone when nobody needs it, back when somebody does."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lib.warm import Warm, WarmFailed
from lib.warm import client as warm_client

TELL = """
import os, sys
print(os.getppid(), os.getcwd(), dict(os.environ), sys.argv[1:], sys.stdin.read(), "slow" in sys.modules)
sys.exit(int(sys.argv[1]))
"""
PRIVATE_FOLDER = warm_client._private_folder
"""As it is before the fixture of another package, which lasts for a session, has put another in its place."""
SLEEP = "import os, sys, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own for sockets; what still serves there is ended with it."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(warm_client, "_private_folder", PRIVATE_FOLDER)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def warm(short: Path) -> Warm:
    """An interpreter with a module imported that takes its time."""
    (short / "slow.py").write_text("import time\ntime.sleep(0.3)\n")
    return Warm(sys.executable, ("slow",), str(short))


def script(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(text)
    return path


def run(warm: Warm, file: Path, *arguments: str, given: bytes = b"") -> tuple[int, str]:
    """Exit code and output."""
    with tempfile.TemporaryFile() as entered, tempfile.TemporaryFile() as output:
        entered.write(given)
        entered.seek(0)
        streams = (entered.fileno(), output.fileno(), output.fileno())
        with warm.start(
            file, arguments, streams=streams, environment={"ONLY": "this"}, folder=file.parent
        ) as job:
            code = job.wait()
        output.seek(0)
        return code, output.read().decode()


def server_of(warm: Warm, short: Path) -> int:
    return int(run(warm, script(short, TELL), "0")[1].split()[0])


def gone(process: int) -> bool:
    """Within ten seconds."""
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_script_gets_what_its_caller_gives_and_nothing_else(warm: Warm, short: Path) -> None:
    code, said = run(warm, script(short, TELL), "3", "x y", given=b"words")
    assert code == 3
    assert said.split(maxsplit=1)[1] == f"{short} {{'ONLY': 'this'}} ['3', 'x y'] words True\n"


def test_all_callers_share_one_that_is_started_once(warm: Warm, short: Path) -> None:
    file = script(short, TELL)
    with ThreadPoolExecutor(8) as pool:
        found = {said.split()[0] for _, said in pool.map(lambda _: run(warm, file, "0"), range(16))}
    assert len(found) == 1


def test_one_script_leaves_no_trace_in_the_next(warm: Warm, short: Path) -> None:
    spoil = script(short, "import slow, os\nslow.spoilt = True\nos.environ['LEFT'] = 'over'\n")
    assert run(warm, spoil) == (0, "")
    looks = script(short, "import slow, os\nprint(hasattr(slow, 'spoilt'), 'LEFT' in os.environ)\n")
    assert run(warm, looks) == (0, "False False\n")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("raise ValueError('no')", 1, "ValueError: no"),
        ("raise SystemExit('done')", 1, "done"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV, ""),
    ],
)
def test_a_script_that_fails_says_so(warm: Warm, short: Path, text: str, code: int, said: str) -> None:
    ended, output = run(warm, script(short, text))
    assert ended == code
    assert said in output


def test_a_script_ends_with_its_caller(warm: Warm, short: Path) -> None:
    file = script(short, SLEEP)
    read, write = os.pipe()
    with warm.start(file, streams=(read, write, 2), environment={}):
        process = int(os.read(read, 20))
    assert gone(process)
    os.close(read)
    os.close(write)


def test_killed_it_tells_its_callers_and_the_next_one_starts_it_anew(warm: Warm, short: Path) -> None:
    server = server_of(warm, short)
    file = script(short, SLEEP)
    read, write = os.pipe()
    with warm.start(file, streams=(read, write, 2), environment={}) as job:
        process = int(os.read(read, 20))
        os.kill(server, signal.SIGKILL)
        with pytest.raises(WarmFailed, match="and the script with it"):
            job.wait()
    assert gone(process)
    assert server_of(warm, short) != server
    os.close(read)
    os.close(write)


def test_it_ends_when_nobody_calls(short: Path) -> None:
    assert gone(server_of(Warm(sys.executable, (), idle=0.2), short))


def test_it_ends_with_its_release(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = short / "server.py"
    shutil.copy(warm_client.SERVER, release)
    monkeypatch.setattr(warm_client, "SERVER", release)
    server = server_of(Warm(sys.executable, ()), short)
    release.unlink()
    assert gone(server)


def test_what_cannot_be_imported_is_told(short: Path) -> None:
    with pytest.raises(WarmFailed, match="No module named 'missing_module'"):
        run(Warm(sys.executable, ("missing_module",)), script(short, TELL), "0")


def test_a_folder_of_somebody_else_is_not_entered(
    warm: Warm, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    with pytest.raises(WarmFailed, match="not a private folder"):
        run(warm, script(short, TELL), "0")


def test_a_link_to_a_folder_is_not_followed(warm: Warm, short: Path) -> None:
    (short / "elsewhere").mkdir(mode=0o700)
    (short / f"finedge-warm-{os.getuid()}").symlink_to("elsewhere")
    with pytest.raises(WarmFailed, match="not a private folder"):
        run(warm, script(short, TELL), "0")

"""dbt runs with the environment it is given, writes nothing into its project, and cannot fail quietly."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from lib.dbt_cli import DbtFailed, DbtProject

# Stands for dbt: writes down how it was called, then behaves as the file `behaviour.py` says.
_FAKE = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
(here / "called.json").write_text(json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)}))
target = pathlib.Path(sys.argv[sys.argv.index("--target-path") + 1])
def results(*found):
    target.mkdir(parents=True)
    keys = ("unique_id", "status", "message")
    (target / "run_results.json").write_text(json.dumps({"results": [dict(zip(keys, one)) for one in found]}))
exec((here / "behaviour.py").read_text())
"""


@pytest.fixture
def dbt(tmp_path: Path) -> DbtProject:
    executable = tmp_path / "dbt"
    executable.write_text(_FAKE.replace("{python}", sys.executable))
    executable.chmod(0o755)
    behave(tmp_path, "results(('model.a', 'success', 'ok'), ('model.b', 'success', 'ok'))")
    return DbtProject(tmp_path / "project", str(executable), {"FINEDGE_PG_PASSWORD": "secret"})


def behave(folder: Path, code: str) -> None:
    (folder / "behaviour.py").write_text(code)


def called(folder: Path) -> dict[str, list[str] | dict[str, str]]:
    return json.loads((folder / "called.json").read_text())


def test_how_many_nodes_ended_how(dbt: DbtProject) -> None:
    assert dbt.invoke("run", ["+film_ratings"]) == {"success": 2}


def test_the_worker_shares_only_what_dbt_needs(
    dbt: DbtProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not for dbt")
    dbt.invoke("run", ["x"])
    environment = dict(called(tmp_path)["environment"])
    environment.pop("LC_CTYPE", None)  # Python's own doing
    assert set(environment) == {
        "PATH", "HOME", "LANG", "DBT_SEND_ANONYMOUS_USAGE_STATS", "DBT_VERSION_CHECK", "FINEDGE_PG_PASSWORD",
    }  # fmt: skip
    assert environment["FINEDGE_PG_PASSWORD"] == "secret"


def test_what_dbt_writes_goes_elsewhere_and_is_removed(dbt: DbtProject, tmp_path: Path) -> None:
    dbt.invoke("run", ["x", "y"])
    arguments = list(called(tmp_path)["arguments"])
    assert arguments[1:5] == ["run", "--select", "x", "y"]
    options = dict(zip(arguments[5::2], arguments[6::2], strict=True))
    assert options["--project-dir"] == options["--profiles-dir"] == str(tmp_path / "project")
    for written in ("--target-path", "--log-path"):
        assert not Path(options[written]).is_relative_to(tmp_path)
        assert not Path(options[written]).exists()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("sys.exit(2)", "dbt run ended with code 2 before it ran anything"),
        (
            "results(('model.a', 'error', 'no such table')); sys.exit(1)",
            "code 1: model.a: error: no such table",
        ),
        ("results(('test.a', 'fail', 'Got 3 results'))", "test.a: fail: Got 3 results"),
        ("results(('model.a', 'skipped', None)); sys.exit(1)", "model.a: skipped"),
        ("results(('model.a', 'success', 'ok')); sys.exit(1)", "code 1: its reason is in the log"),
        ("results()", "dbt run selected nothing to do"),
    ],
)
def test_no_failure_is_quiet(dbt: DbtProject, tmp_path: Path, behaviour: str, message: str) -> None:
    behave(tmp_path, behaviour)
    with pytest.raises(DbtFailed, match=message):
        dbt.invoke("run", ["x"])


def test_the_documents_are_one_page(dbt: DbtProject, tmp_path: Path) -> None:
    behave(tmp_path, "target.mkdir(); (target / 'static_index.html').write_text('<html>')")
    assert dbt.document() == b"<html>"
    assert list(called(tmp_path)["arguments"])[1:4] == ["docs", "generate", "--static"]


@pytest.mark.parametrize("behaviour", ["sys.exit(1)", "pass"])
def test_no_page_is_a_failure(dbt: DbtProject, tmp_path: Path, behaviour: str) -> None:
    behave(tmp_path, behaviour)
    with pytest.raises(DbtFailed, match="dbt docs ended with code"):
        dbt.document()


def test_the_password_is_not_in_the_representation(dbt: DbtProject) -> None:
    assert "secret" not in repr(dbt)


def test_a_task_that_is_stopped_takes_dbt_with_it(dbt: DbtProject, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    behave(tmp_path, f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); import signal; signal.pause()")
    started: list[int] = []

    def stop_once_started() -> None:
        # Opening the pipe waits for dbt to write.
        started.append(int(pid_file.read_text()))
        os.kill(os.getpid(), signal.SIGUSR1)

    def stop(*_: object) -> None:
        raise InterruptedError("stopped")

    before = signal.signal(signal.SIGUSR1, stop)
    watcher = threading.Thread(target=stop_once_started)
    watcher.start()
    try:
        with pytest.raises(InterruptedError):
            dbt.invoke("run", ["x"])
    finally:
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)

"""What is told of the faults, and that one which gets away turns the table and the exit code red."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.faults import __main__ as alone
from local.faults.caught import Caught, caught, caught_together
from local.faults.sweep import complete
from local.faults.table import show
from local.platform import __main__ as platform
from local.platform import faults
from local.platform.drive import SUCCESS, Run
from local.platform.pipelines import PIPELINES
from local.platform.report import Report
from local.sources.faults.catalogue import FAULTS
from local.sources.faults.fault import Fault

ONE, TWO = Fault("one", "a_dag", "rule"), Fault("two", "b_dag", "other_rule")
EVERY = [caught(fault, {fault.rule}, "a_suite") for fault in FAULTS.values()]
BUT_ONE = EVERY[1:]
WRONG = [caught(FAULTS[EVERY[0].fault], {EVERY[0].rule, "another"}, "a_suite"), *BUT_ONE]


def told(found: Iterable[Caught], *, terminal: bool = False) -> str:
    file = io.StringIO()
    show(Console(file=file, width=100, force_terminal=terminal, highlight=False, markup=False), found)
    return file.getvalue()


def test_a_pipe_gets_a_plain_line_for_each_fault() -> None:
    found = [
        caught(ONE, {"rule"}, "a_suite"),
        caught(TWO, (), "dbt test"),
        caught(TWO, {"rule", "other_rule"}, "a_very_long_name_of_somebody" * 4),
    ]
    lines = told(found).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["fault", "pipeline", "rule", "caught", "by"],
        ["one", "a_dag", "rule", "yes", "a_suite"],
        ["two", "b_dag", "other_rule", "NO:", "nothing", "dbt", "test"],
    ]
    assert "NO: other_rule, rule" in lines[3]
    assert len(lines) == 4


def test_on_a_terminal_what_got_away_is_red() -> None:
    assert "\x1b[1;31mNO: nothing" in told([caught(TWO, (), "dbt test")], terminal=True)


def test_of_faults_planted_together_each_is_its_own_rules() -> None:
    assert all(one.right for one in caught_together([ONE, TWO], {"rule", "other_rule"}, "dbt"))
    first, second = caught_together([ONE, TWO], {"rule"}, "dbt")
    assert (first.right, second.right, second.what) == (True, False, "nothing")
    mistaken = caught_together([ONE, TWO], {"rule", "other_rule", "nobodys"}, "dbt")
    assert [one.what for one in mistaken] == ["nobodys, rule", "nobodys, other_rule"]


def test_one_rule_cannot_tell_two_faults_apart() -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        caught_together([ONE, ONE], {"rule"}, "dbt")


def test_a_fault_that_nobody_looks_for_was_not_caught() -> None:
    one, two = complete([caught(ONE, {"rule"}, "a_suite")], [ONE, TWO])
    assert one.right
    assert (two.fault, two.right, two.by) == ("two", False, "nobody")


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Caught]]:
    """What a sweep finds, with nothing behind it but this list."""
    found: list[Caught] = []

    @contextmanager
    def set_up(*_: Any) -> Iterator[SimpleNamespace]:
        info = SimpleNamespace(postgres_url="postgresql://host:1/postgres", warehouse={})
        yield SimpleNamespace(info=info, dag_ids=[one.dag_id for one in PIPELINES])

    report = Report("tiny", 0.0, [])
    monkeypatch.setattr(faults, "tools", nullcontext)
    monkeypatch.setattr(faults, "sweep", lambda *_: complete(iter(found), FAULTS.values()))
    monkeypatch.setattr(platform, "set_up", set_up)
    monkeypatch.setattr(platform, "_run", lambda *_: [Run("a", 0, SUCCESS)])
    monkeypatch.setattr(platform, "_judge", lambda *_, **__: report)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return found


def play(folder: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and report of `make platform`."""
    done = CliRunner().invoke(platform.app, ["--folder", str(folder), *arguments])
    return done.exit_code, done.output, json.loads((folder / "report.json").read_text())


def test_every_fault_caught_is_good(swept: list[Caught], tmp_path: Path) -> None:
    swept += EVERY
    code, output, report = play(tmp_path)
    assert (code, report["good"], len(report["faults"])) == (0, True, len(FAULTS))
    assert report["faults"][0] == {
        "fault": EVERY[0].fault,
        "pipeline": EVERY[0].dag_id,
        "rule": EVERY[0].rule,
        "caught": True,
        "found": [EVERY[0].rule],
        "by": "a_suite",
    }
    assert f"{len(FAULTS)} of {len(FAULTS)} faults were caught by their rule" in output


@pytest.mark.parametrize(("found", "said"), [(BUT_ONE, "NO: nothing"), (WRONG, "NO: another")])
def test_one_that_got_away_or_was_mistaken_fails_it(
    swept: list[Caught], tmp_path: Path, found: list[Caught], said: str
) -> None:
    swept += found
    code, output, report = play(tmp_path)
    assert (code, report["good"]) == (1, False)
    assert said in output


def test_a_sweep_that_breaks_off_fails_it(
    swept: list[Caught], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Iterator[Caught]:
        yield EVERY[0]
        raise OSError("no warehouse")

    monkeypatch.setattr(faults, "sweep", broken)
    code, output, report = play(tmp_path)
    assert code == 1
    assert "the sweep broke off: OSError: no warehouse" in output
    assert [one["caught"] for one in report["faults"]].count(True) == 1
    assert len(report["faults"]) == len(FAULTS)


def test_one_pipeline_alone_is_run_without_faults(swept: list[Caught], tmp_path: Path) -> None:
    code, _, report = play(tmp_path, "--only", "films_elt")
    assert (code, report["faults"]) == (0, [])


@pytest.mark.parametrize(("found", "code"), [(EVERY, 0), (BUT_ONE, 1), (WRONG, 1)])
def test_the_sweep_alone_tells_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: list[Caught], code: int
) -> None:
    server = SimpleNamespace(
        url="postgresql://host:1/x", login={}, process=SimpleNamespace(stop=lambda: None)
    )
    for name in ("start_postgres", "start_warehouse"):
        monkeypatch.setattr(alone, name, lambda *_: server)
    monkeypatch.setattr(alone, "warehouse_python", Path)
    monkeypatch.setattr(alone, "tools", nullcontext)
    monkeypatch.setattr(alone, "sweep", lambda *_: complete(found, FAULTS.values()))
    assert alone.main() == code
    assert capsys.readouterr().out.count("\n") == len(FAULTS) + 1

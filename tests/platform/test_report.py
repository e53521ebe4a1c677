"""When it is good and when it is not, and that what is not as expected is told."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from local.faults.caught import Caught
from local.platform import expectation
from local.platform.drive import FAILED, NEVER, SUCCESS, Run
from local.platform.report import Report, lines, unrecorded
from local.platform.screen import PlatformScreen
from local.platform.warehouse import Contents, Counted

RUNS = [Run("a", 0, SUCCESS, 3.25), Run("b", 0, SUCCESS, 1.0), Run("a", 1, SUCCESS, 4.0)]
COUNTED = {
    ("a", "platform-1"): Counted(10, 9, 3, 1, 0),
    ("a", "platform-2"): Counted(20, 18, 3, 0, 0),
    ("b", "platform-1"): Counted(1, 1, 0, 0, 0),
    ("b", "somebody's own"): Counted(100, 100, 0, 0, 9),
}
TABLES = {"RAW_CORE.A": Contents(2, "1f"), "MARTS.B": Contents(1, "2")}
RIGHT = Caught("one", "a", "rule", frozenset({"rule"}), "a_suite")
ESCAPED = Caught("two", "a", "other_rule", frozenset(), "a_suite")
GOOD = Report("tiny", 60.0, lines(RUNS, COUNTED), TABLES)


def test_a_line_is_the_sum_of_a_pipelines_runs() -> None:
    one, other = GOOD.lines
    assert (one.pipeline, one.runs, one.succeeded, one.rows_in, one.rows_out) == ("a", 2, 2, 30, 27)
    assert (one.passed, one.warned, one.failed, one.seconds) == (6, 1, 0, 7.2)
    assert (other.pipeline, other.rows_in, other.failed) == ("b", 1, 0)


def test_it_is_good_only_if_all_is() -> None:
    assert GOOD.good
    for state in (FAILED, NEVER):
        runs = [*RUNS, Run("c", 0, state)]
        assert not replace(GOOD, lines=lines(runs, COUNTED)).good
    assert not replace(GOOD, differences=["RAW_CORE.A: missing"]).good
    assert not replace(GOOD, unrecorded=["a, platform-1"]).good
    assert replace(GOOD, faults=[RIGHT]).good
    assert not replace(GOOD, faults=[RIGHT, ESCAPED]).good


def test_a_run_that_recorded_nothing_is_named() -> None:
    assert unrecorded(RUNS, COUNTED) == []
    counted = {key: value for key, value in COUNTED.items() if key != ("b", "platform-1")}
    assert unrecorded([*RUNS, Run("c", 0, FAILED)], counted) == ["b, platform-1"]


def test_the_report_is_json(tmp_path: Path) -> None:
    GOOD.write(tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text())
    assert found["good"] is True
    assert found["lines"][0]["rows_in"] == 30
    assert found["tables"]["MARTS.B"] == {"rows": 1, "checksum": "2"}


def test_what_is_accepted_is_expected_of_its_size_alone(tmp_path: Path) -> None:
    file = tmp_path / "expected.json"
    assert expectation.read("tiny", file) == {}
    expectation.accept("small", {}, file)
    expectation.accept("tiny", TABLES, file)
    assert expectation.read("tiny", file) == TABLES
    assert expectation.read("small", file) == {}


def test_each_difference_is_told() -> None:
    found = {"RAW_CORE.A": Contents(2, "1e"), "ML.C": Contents(0, "0")}
    assert expectation.differences(TABLES, found) == [
        "MARTS.B: missing",
        "ML.C: not expected",
        "RAW_CORE.A: 2 rows as expected, but other values",
    ]
    assert expectation.differences({"A": Contents(1, "1")}, {"A": Contents(2, "1")}) == [
        "A: 2 rows, 1 expected"
    ]
    assert expectation.differences(TABLES, TABLES) == []


def test_a_pipe_gets_the_table_as_plain_lines() -> None:
    screen = PlatformScreen(Console(file=io.StringIO(), width=100, highlight=False, markup=False))
    screen.ended(Run("a", 0, SUCCESS, 3.4))
    screen.ended(Run("b", 0, NEVER))
    screen.tables(GOOD)
    assert isinstance(screen.console.file, io.StringIO)
    told = screen.console.file.getvalue()
    assert "✓ a  3 s" in told
    assert "✗ b  not run" in told
    assert "\x1b" not in told
    assert [line.split() for line in told.splitlines() if "2 of 2" in line] == [
        ["a", "2", "of", "2", "30", "27", "6", "1", "0", "7"]
    ]

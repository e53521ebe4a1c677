"""What was measured is kept with all its values, and lands in its place of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.catalogue import CATALOGUE
from benchmarks.result import Result, Samples, Table

ROOT = Path(__file__).parents[2]
MACHINE = {"at": "2026-11-21T05:00:00+00:00", "commit": "abc", "processor": "fast", "load before": 0.1}
OURS, THEIRS = Samples("s", (2.0, 3.0, 10.0)), Samples("s", (4.0, 3.0, 5.0))
RESULT = Result((Table(("What", "ours"), (("time", OURS), ("DAGs", 1000))),), {"DAGs": 25}, ("Slow.",))


def kept() -> dict[str, object]:
    return json.loads(json.dumps(report.document("deploy", "python -m benchmarks deploy", MACHINE, RESULT)))


@pytest.mark.parametrize(
    ("samples", "text"),
    [
        (OURS, "3.00 s (2.00-10.00)"),
        (Samples("ms", (12.34,)), "12.3 ms"),
        (Samples("", (250.0, 251.0)), "250 (250-251)"),
    ],
)
def test_samples_are_told_as_median_and_range(samples: Samples, text: str) -> None:
    assert str(samples) == text


def test_a_ratio_is_taken_repetition_by_repetition() -> None:
    assert OURS.over(THEIRS).values == (0.5, 1.0, 2.0)


def test_nothing_measured_is_not_a_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Samples("s", ())


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="What, ours"):
        Table(("What", "ours"), (("time",),))


def test_every_value_is_kept(tmp_path: Path) -> None:
    file = report.keep(tmp_path, kept())
    assert json.loads(file.read_text())["tables"][0]["rows"][0][1]["values"] == [2.0, 3.0, 10.0]


def test_a_result_replaces_what_its_place_held() -> None:
    page = "# Page\n<!-- deploy: begin -->\nold\n<!-- deploy: end -->\nrest\n"
    once = report.into_page(page, kept())
    assert "| time | 3.00 s (2.00-10.00) |\n| DAGs | 1,000 |" in once
    assert "old" not in once
    assert "at commit abc by `python -m benchmarks deploy`; DAGs 25. Machine: processor fast" in once
    assert once.startswith("# Page\n")
    assert once.endswith("\nrest\n")
    assert report.into_page(once, kept()) == once


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="deploy: begin"):
        report.into_page("# Page\n", kept())


@pytest.mark.parametrize("name", [benchmark.name for benchmark in CATALOGUE])
def test_the_page_has_a_place_for_each_benchmark(name: str) -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    report.into_page(page, {**kept(), "name": name})

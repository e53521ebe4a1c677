"""The frame around the scenes: deadlines, a scene that raises, the report, the last line, the exit code."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from local.demo import __main__ as demo
from local.demo import report
from local.demo.checks.check import Check, Judgement
from local.demo.play import play
from local.demo.report import Result
from local.demo.scenes import SCENES
from local.demo.scenes.scene import Scene
from local.demo.screen import Screen
from local.demo.story import Story

GOOD = Check("good", "things", lambda outside, expected: Judgement(True, expected))
BAD = Check("bad", "things", lambda outside, expected: Judgement(False, 0, f"there are not {expected}"))
SLOW = Check("slow", "s", lambda outside, expected: Judgement(next(expected)))


@pytest.fixture
def story() -> Story:
    """A story without a stack, told into a text."""
    nothing = cast(Any, None)
    screen = Screen(Console(file=io.StringIO(), width=40, highlight=False, markup=False, soft_wrap=True))
    info = cast(Any, type("Info", (), {"logs": "/where/the/logs/are"}))
    return Story(info, nothing, nothing, nothing, screen, nothing)


def told(story: Story) -> str:
    return cast(io.StringIO, story.screen.console.file).getvalue()


def scene(title: str, playing: Callable[[Story], object], *checks: Check[Any]) -> Scene:
    return Scene(title, "", checks, lambda story: (playing(story), None)[1])


def test_names_are_unique_so_that_each_row_of_the_report_is_one_check() -> None:
    names = [check.name for one in SCENES for check in one.checks]
    assert len(set(names)) == len(names)


def test_waits_until_it_holds_and_measures_the_seconds(story: Story) -> None:
    assert story.until(SLOW, iter([False, False, True]), limit=60)
    assert [(one.held, one.unit) for one in story.results] == [(True, "s")]
    assert story.results[0].measured > 0


def test_what_does_not_hold_before_the_deadline_is_red(story: Story) -> None:
    assert not story.until(BAD, 3, limit=0)
    assert story.results == [Result("bad", False, 0, "things", "there are not 3")]


def test_what_cannot_be_read_is_looked_at_again_and_red_in_the_end(story: Story) -> None:
    assert not story.until(SLOW, iter([]), limit=0)
    assert "StopIteration" in story.results[0].why


def test_a_scene_that_raises_fails_what_it_did_not_reach_and_the_next_is_played(story: Story) -> None:
    def broken(story: Story) -> None:
        story.judge(GOOD, 1)
        raise OSError("no network")

    after = Check("after", "things", GOOD.judge)
    play(story, [scene("first", broken, GOOD, BAD), scene("second", lambda one: one.judge(after, 2), after)])
    assert [(one.name, one.held) for one in story.results] == [
        ("good", True),
        ("bad", False),
        ("after", True),
    ]
    assert "OSError: no network" in story.results[1].why
    assert "/where/the/logs/are" in told(story)


def test_a_scene_that_raises_after_its_last_check_fails_too(story: Story) -> None:
    def broken(story: Story) -> None:
        story.judge(GOOD, 1)
        raise OSError("no network")

    play(story, [scene("first", broken, GOOD)])
    assert [one.held for one in story.results] == [True, False]


def test_a_check_that_a_scene_forgets_is_red(story: Story) -> None:
    play(story, [scene("first", lambda one: one.judge(GOOD, 1), GOOD, BAD)])
    assert [one.held for one in story.results] == [True, False]


def test_a_pipe_gets_plain_whole_lines(story: Story) -> None:
    play(
        story, [scene("A title that is longer than this console is wide", lambda one: one.judge(BAD, 9), BAD)]
    )
    lines = told(story).splitlines()
    assert "1/1  A title that is longer than this console is wide" in lines
    assert "  ✗ bad  0 things" in lines
    assert "      there are not 9" in lines
    assert "\x1b" not in told(story)


def test_the_report_has_a_row_per_check(tmp_path: Path) -> None:
    report.write(
        tmp_path / "report.json", [Result("live", True, 3.14159, "s"), Result("rows", False, 2, "rows")]
    )
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "checks": [
            {"name": "live", "held": True, "measured": 3.142, "unit": "s"},
            {"name": "rows", "held": False, "measured": 2, "unit": "rows"},
        ]
    }


def test_one_red_check_is_exit_code_1_and_the_last_line_names_it(story: Story) -> None:
    results = [Result("good", True, 1, "s"), Result("bad", False, 1, "s")]
    assert demo.conclude(story.screen, results, 10) == 1
    assert told(story).splitlines()[-1].startswith("1 of 2 checks failed, the first: bad.")


def test_all_green_is_exit_code_0_and_the_last_line_says_what_is_next(story: Story) -> None:
    assert demo.conclude(story.screen, [Result("good", True, 1, "s")], 10) == 0
    assert "make up" in told(story).splitlines()[-1]

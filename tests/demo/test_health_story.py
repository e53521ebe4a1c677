"""The whole second story on a real stack, and each of its checks turns red when what it checks is wrong.

As `test_every_check_can_fail.py`, with faults planted into what each check saw when it held.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.demo.checks.check import Check
from local.demo.health.scenes import DATA_SCENES, FIRST_SCENES, SCENES, fails_at_run_time
from local.demo.health.stage import set_up, set_up_like_mwaa, set_up_with_data
from local.demo.play import play
from local.demo.screen import Screen
from local.demo.story import Story
from tests.demo.evidence import RecordedStory
from tests.demo.faults import FAULTS

pytestmark = [pytest.mark.stack, pytest.mark.long]

CHECKS = [check for scene in SCENES for check in scene.checks]
PLANTED = [(check, fault) for check in CHECKS for fault in FAULTS[check.judge]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> RecordedStory:
    """All scenes, over; nothing of the stack runs any more."""
    folder = tmp_path_factory.mktemp("health") / "demo"
    with set_up(folder, Screen(), RecordedStory) as story:
        play(story, SCENES)
    return story


def test_names_are_unique_so_that_each_row_of_the_report_is_one_check() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


def test_the_story_is_green(told: RecordedStory) -> None:
    assert [(one.name, one.why) for one in told.results if not one.held] == []
    assert [one.name for one in told.results] == [check.name for check in CHECKS]


@pytest.mark.parametrize(("check", "fault"), PLANTED, ids=lambda one: getattr(one, "name", one))
def test_recorded_faults(told: RecordedStory, check: Check[Any], fault: str) -> None:
    evidence = told.evidence[check.name]
    assert evidence.judge().held
    judgement = FAULTS[check.judge][fault](evidence).judge()
    assert not judgement.held
    assert judgement.why


def test_what_is_wrong_in_the_data_is_seen(tmp_path: Path) -> None:
    with set_up_with_data(tmp_path / "demo", Screen(), Story) as story:
        play(story, DATA_SCENES)
    assert [(one.name, one.why) for one in story.results if not one.held] == []


def test_in_the_time_of_mwaa_it_takes_less_than_ten_minutes(tmp_path: Path) -> None:
    with set_up_like_mwaa(tmp_path / "demo", Screen(), Story) as story:
        play(story, FIRST_SCENES)
    assert [(one.name, one.why) for one in story.results if not one.held] == []
    green = fails_at_run_time.GREEN.name
    (seconds,) = [one.measured for one in story.results if one.name == green]
    assert seconds < 600

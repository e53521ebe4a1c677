"""The first scenes of the second story: what fails at run time is taken back by an alarm, on a real stack.

And each check turns red when what it checks is wrong: faults are planted into what it saw when it held. The
other scenes are among the long tests.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.demo.checks.check import Check
from local.demo.health.pace import each
from local.demo.health.scenes import FIRST_SCENES as SCENES
from local.demo.health.stage import set_up
from local.demo.play import play
from local.demo.screen import Screen
from tests.demo.evidence import RecordedStory
from tests.demo.faults import FAULTS

pytestmark = pytest.mark.stack

CHECKS = [check for scene in SCENES for check in scene.checks]
PLANTED = [(check, fault) for check in CHECKS for fault in FAULTS[check.judge]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> RecordedStory:
    """Both scenes, over; nothing of the stack runs any more."""
    folder = tmp_path_factory.mktemp("health") / "demo"
    with set_up(folder, Screen(), RecordedStory) as story, each(10, story.info, "Sweep"):
        play(story, SCENES)
    return story


def test_a_release_that_fails_is_taken_back_by_one_signed_commit(told: RecordedStory) -> None:
    assert [(one.name, one.why) for one in told.results if not one.held] == []
    assert [one.name for one in told.results] == [check.name for check in CHECKS]


@pytest.mark.parametrize(("check", "fault"), PLANTED, ids=lambda one: getattr(one, "name", one))
def test_recorded_faults(told: RecordedStory, check: Check[Any], fault: str) -> None:
    evidence = told.evidence[check.name]
    assert evidence.judge().held
    judgement = FAULTS[check.judge][fault](evidence).judge()
    assert not judgement.held
    assert judgement.why

"""A schedule that takes runs away waits until somebody says that this is meant."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.reason import Reason
from tests.builders import EACH_MINUTE
from tests.engine.scene import Scene, pointer_yaml

HOURLY = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}


def changed(calendar: dict[str, str], was: dict[str, str] = EACH_MINUTE) -> Scene:
    """1.1.0 gives `one` another calendar, and changes the body of `two`."""
    scene = Scene(calendar=was)
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.calendars["one"] = calendar
    scene.publish("1.1.0", {"one": "A", "two": "B"})
    scene.push("1.1.0")
    return scene


def announce(scene: Scene) -> None:
    body = pointer_yaml("1.1.0") + b"losesRuns: [one]\n"
    scene.repo.person_pushes({"dev/pointer.yaml": body}, "Once an hour is enough")


def test_only_that_dag_waits_until_it_is_announced() -> None:
    scene = changed(HOURLY)
    old = scene.running()["one"]
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    assert scene.running() == {"one": old, "two": scene.state.past[0]}
    assert scene.reasons.count(Reason.RUNS_WOULD_BE_LOST) == 1
    told = next(event for event in scene.events if event.reason is Reason.RUNS_WOULD_BE_LOST)
    assert "fewer in 7 days" in told.evidence[0]
    assert "losesRuns: [one]" in told.message
    announce(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running().values()) == {scene.state.past[0]}


@pytest.mark.parametrize(("was", "calendar"), [(HOURLY, EACH_MINUTE), (EACH_MINUTE, EACH_MINUTE)])
def test_what_takes_nothing_away_goes(was: dict[str, str], calendar: dict[str, str]) -> None:
    assert changed(calendar, was).tick().outcome is Outcome.APPLIED


def test_a_rollback_goes() -> None:
    scene = changed(EACH_MINUTE, HOURLY)
    scene.tick()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert Reason.RUNS_WOULD_BE_LOST not in scene.reasons


def test_what_only_waited_is_no_rollback() -> None:
    scene = changed(HOURLY)
    old = scene.running()["one"]
    assert scene.tick().outcome is Outcome.WAITING
    scene.publish("1.2.0", {"one": "AA", "two": "B"})
    for version in ("1.2.0", "1.1.0"):
        scene.push(version)
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running()["one"] == old

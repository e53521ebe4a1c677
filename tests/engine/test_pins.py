"""A pinned DAG stays on the release that it runs, while the others move on."""

from __future__ import annotations

import pytest

from reconciler.core.pointer_file import pointer_key
from reconciler.engine.world import Outcome
from reconciler.model.observation import ImportProblem
from reconciler.model.reason import Health, Reason
from tests.engine.scene import Scene


def pinned_at(scene: Scene, dag: str = "one") -> str:
    """Pin a DAG to what it runs, from the next push on."""
    release = scene.state.live[dag].pointer.release
    scene.holds = (
        "apiVersion: reconciler/v1\nkind: Holds\npins: "
        f"[{{dag: {dag}, release: '{release}', by: Ana, since: 2026-03-01T00:00:00Z, reason: month-end}}]\n"
    )
    return release


@pytest.fixture
def scene() -> Scene:
    """1.0.0 is live, `one` is pinned to it, and 1.1.0, which changes both DAGs, is live for the other."""
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    pinned_at(scene)
    scene.publish("1.1.0", {"one": "A", "two": "B"})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED
    return scene


def test_only_the_others_move(scene: Scene) -> None:
    old, new = scene.state.past[-1], scene.state.past[0]
    assert scene.running() == {"one": old, "two": new}
    assert scene.tick().outcome is Outcome.IDLE


def test_a_release_that_is_the_same_for_it_does_not_move_it_either() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    release = pinned_at(scene)
    for number in range(1, 30):
        scene.deploy(f"1.{number}.0", {"one": "a", "two": f"b{number}"})
    assert scene.running()["one"] == release


def test_it_is_kept_although_the_release_has_it_no_more(scene: Scene) -> None:
    before = scene.running()["one"]
    scene.deploy("1.2.0", {"two": "BB"})
    assert scene.running()["one"] == before


def test_what_somebody_changed_by_hand_is_put_back(scene: Scene) -> None:
    before, body = scene.running(), scene.folder.read(pointer_key("one"))
    scene.folder.delete(pointer_key("one"), scene.folder.list()[pointer_key("one")])
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.folder.read(pointer_key("one")) == body
    assert scene.running() == before
    assert Reason.DRIFT_DETECTED in scene.reasons


def test_without_the_pin_it_follows(scene: Scene) -> None:
    scene.holds = None
    scene.push("1.1.0", "Un-pin")
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running().values()) == {scene.state.past[0]}


def test_it_leaves_what_is_condemned() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.deploy("1.1.0", {"one": "A", "two": "B"})
    bad = pinned_at(scene)
    scene.push("1.1.0", "Pin")
    scene.tick()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert bad not in scene.running().values()
    scene.publish("1.2.0", {"one": "AA", "two": "B"})
    scene.push("1.2.0")
    scene.tick()
    assert scene.running()["one"] == scene.state.past[0]  # a pin to what it does not run does nothing


def test_a_pin_of_what_is_not_there_is_no_harm() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    release = pinned_at(scene)
    scene.holds = str(scene.holds).replace("dag: one", "dag: gone")
    scene.deploy("1.1.0", {"one": "A"})
    assert scene.running()["one"] != release


def test_a_pin_settles_a_dag_that_does_not_import() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.publish("1.1.0", {"one": "A", "two": "b"})
    scene.push("1.1.0")
    problem = ImportProblem(file="one.py", message="ModuleNotFoundError: x", at=None)
    scene.airflow.unparsed.add("one")
    scene.airflow.set_import_errors(problem)
    for _ in range(3):
        scene.tick()
        scene.clock.advance(30)
    scene.airflow.unparsed.clear()
    scene.airflow.set_import_errors()
    for _ in range(3):
        scene.tick()
        scene.clock.advance(30)
    assert scene.state.rejected
    pinned_at(scene)
    scene.push("1.1.0", "Pin")
    for _ in range(3):
        last = scene.tick()
        scene.clock.advance(30)
    assert last.outcome in {Outcome.APPLIED, Outcome.IDLE}
    assert scene.state.health is Health.HEALTHY

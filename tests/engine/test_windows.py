"""A freeze holds back what a person changed, and nothing else; the policy applied last decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.pointer_file import pointer_key
from reconciler.engine.tick import tick
from reconciler.engine.world import Outcome
from reconciler.model.reason import ConditionType, Reason, TriggeredBy
from reconciler.model.verdict import Decision
from tests.engine.crashes import Died, Fuse, guarded
from tests.engine.scene import ENVIRONMENT_YAML, Scene

DAY = timedelta(days=1).total_seconds()


def frozen(scene: Scene, hours: int = 24) -> bytes:
    """dev's environment.yaml with a freeze that begins now."""
    start = scene.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    freeze = f"      - {{name: audit, start: {start}, hours: {hours}}}\n"
    return ENVIRONMENT_YAML + b"policy:\n  windows:\n    freeze:\n" + freeze.encode()


def scene_in_a_freeze() -> Scene:
    """1.0.0 is live, a freeze of a day has begun, and 1.1.0 is pushed."""
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.environment = frozen(scene)
    scene.push("1.0.0", "Freeze")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.publish("1.1.0", {"one": "A", "two": "b"})
    scene.push("1.1.0")
    return scene


def test_a_change_waits_for_the_end_of_the_freeze_and_then_goes_by_itself() -> None:
    scene = scene_in_a_freeze()
    before = scene.running()
    for _ in range(3):
        assert scene.tick().outcome is Outcome.WAITING
        scene.clock.advance(60)
    assert scene.running() == before
    assert scene.reasons.count(Reason.WINDOW_CLOSED) == 1
    condition = scene.state.conditions[ConditionType.RECONCILING]
    assert (condition.status, condition.reason) == (True, Reason.WINDOW_CLOSED)
    assert "The freeze audit is on, until" in condition.message
    gates = {gate.gate: gate for gate in scene.state.gates}
    assert gates["window"].decision is Decision.WAIT
    assert gates["window"].dag_ids == ("one",)
    assert {gate.decision for name, gate in gates.items() if name != "window"} == {Decision.GO}

    scene.clock.advance(DAY)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before
    assert scene.state.gates == ()


def test_no_commit_lifts_the_freeze_that_it_would_have_to_wait_for() -> None:
    scene = scene_in_a_freeze()
    scene.environment = ENVIRONMENT_YAML
    scene.push("1.1.0", "No more freeze")
    assert scene.tick().outcome is Outcome.WAITING
    assert Reason.WINDOW_CLOSED in scene.reasons


def test_a_commit_of_policy_alone_is_applied_and_counts_from_then_on() -> None:
    scene = scene_in_a_freeze()
    scene.tick()
    scene.environment = ENVIRONMENT_YAML
    scene.push("1.0.0", "No more freeze")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_rollback_does_not_wait() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "A"})
    bad = scene.running()
    scene.environment = frozen(scene)
    scene.push("1.1.0", "Freeze")
    scene.tick()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != bad


def test_to_go_to_what_only_waited_is_no_rollback() -> None:
    scene = scene_in_a_freeze()
    before = scene.running()
    assert scene.tick().outcome is Outcome.WAITING
    scene.publish("1.2.0", {"one": "AA", "two": "b"})
    for version in ("1.2.0", "1.1.0"):
        scene.push(version)
        for _ in range(2):
            assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED


def test_to_go_to_what_only_failed_is_no_rollback() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.airflow.unparsed.add("one")
    scene.deploy("1.1.0", {"one": "A"})
    assert scene.tick().outcome is Outcome.FAILED
    scene.airflow.unparsed.clear()
    scene.deploy("1.2.0", {"one": "AA"})
    before = scene.running()
    scene.environment = frozen(scene)
    scene.push("1.2.0", "Freeze")
    scene.tick()
    scene.push("1.1.0", "Revert")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_rollback_that_was_interrupted_goes_on() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "wider: a", "two": "b"})
    scene.deploy("1.1.0", {"one": "A", "two": "B"})
    scene.environment = frozen(scene)
    scene.push("1.1.0", "Freeze")
    scene.tick()
    scene.push("1.0.0", "Revert")
    with pytest.raises(Died):
        tick(guarded(scene, Fuse(at=40)), "dev", TriggeredBy.WEBHOOK)
    assert scene.state.going_back
    scene.clock.advance(150)
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running().values()) == {scene.state.past[0]}
    assert not scene.state.going_back


def pinned(scene: Scene) -> str:
    """`two` was pinned before 1.1.0 and 1.2.0, which change it, went live; a freeze is on."""
    old = scene.deploy("1.0.0", {"one": "a", "two": "x"})
    said = f"dag: two, release: {old.id}, by: Ana, since: 2026-03-01T00:00:00Z, reason: month-end"
    scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\npins: [{{{said}}}]\n"
    scene.deploy("1.1.0", {"one": "A", "two": "y"})
    scene.deploy("1.2.0", {"one": "B", "two": "z"})
    scene.environment = frozen(scene)
    scene.push("1.2.0", "Freeze")
    scene.tick()
    return old.id


@pytest.mark.parametrize("at_once", [True, False])
def test_a_pin_that_is_lifted_with_or_after_a_rollback_waits(at_once: bool) -> None:
    scene = Scene()
    old = pinned(scene)
    if not at_once:
        scene.push("1.1.0", "Roll back")
        assert scene.tick().outcome is Outcome.APPLIED
    scene.holds = None
    scene.push("1.1.0", "Unpin")
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == {"one": scene.state.past[0], "two": old}
    assert scene.state.conditions[ConditionType.RECONCILING].reason is Reason.WINDOW_CLOSED


def test_drift_is_put_back_in_a_freeze_too() -> None:
    scene = scene_in_a_freeze()
    before = scene.folder.list()[pointer_key("two")]
    scene.folder.delete(pointer_key("two"), before)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.folder.list()[pointer_key("two")]
    assert set(scene.running()) == {"one", "two"}


def test_a_rollback_that_brings_a_dag_back_does_not_wait_either() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.deploy("1.1.0", {"one": "A"})
    scene.environment = frozen(scene)
    scene.push("1.1.0", "Freeze")
    scene.tick()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert set(scene.running()) == {"one", "two"}
    scene.push("1.1.0", "Revert the revert")
    assert scene.tick().outcome is Outcome.WAITING
    assert Reason.WINDOW_CLOSED in scene.reasons

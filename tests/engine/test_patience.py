"""A gate keeps a change waiting for as long as the policy allows; then that is told, or it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Reason, Severity, TriggeredBy
from tests.engine.approving import approve, live
from tests.engine.scene import ENVIRONMENT_YAML, Scene

HOUR = timedelta(hours=1).total_seconds()


def with_patience(gate: str, then: str, more: str = "") -> bytes:
    """dev's environment.yaml with an hour of patience."""
    said = f"policy: {{patience: {{{gate}: {{afterMinutes: 60, then: {then}}}}}{more}}}\n"
    return ENVIRONMENT_YAML + said.encode()


def frozen(scene: Scene, then: str) -> None:
    """A freeze of a day has begun, and 1.1.0 waits for its end."""
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    start = scene.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    window = f", windows: {{freeze: [{{name: audit, start: {start}, hours: 24}}]}}"
    scene.environment = with_patience("window", then, window)
    scene.push("1.0.0", "Freeze")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.publish("1.1.0", {"one": "A", "two": "b"})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING


def in_flight(then: str, state: str = "running") -> Scene:
    """1.1.0 changes the graph of one, which has a run that does not end."""
    scene = Scene(environment=with_patience("in-flight", then))
    scene.deploy("1.0.0", {"one": "load: a"})
    now = scene.clock.now()
    scene.airflow.set_runs(DagRun(dag_id="one", run_id="r", state=state, run_type="manual", started_at=now))
    scene.publish("1.1.0", {"one": "other: b"})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.WAITING
    return scene


def test_people_are_told_once_and_it_waits_on() -> None:
    scene = Scene()
    frozen(scene, "keep-waiting")
    before = scene.running()
    scene.clock.advance(HOUR - 60)
    scene.tick()
    assert Reason.GATE_TIMED_OUT not in scene.reasons
    for _ in range(3):
        scene.clock.advance(120)
        assert scene.tick().outcome is Outcome.WAITING
    told = [event for event in scene.events if event.reason is Reason.GATE_TIMED_OUT]
    assert [event.severity for event in told] == [Severity.ERROR]
    assert "longer than is allowed" in told[0].message
    scene.clock.advance(24 * HOUR)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() != before


def test_what_is_given_up_stays_so_also_when_the_gate_opens() -> None:
    scene = Scene()
    frozen(scene, "fail")
    before = scene.running()
    scene.clock.advance(HOUR + 60)
    scene.tick()
    condition = scene.state.conditions[ConditionType.STALLED]
    assert (condition.status, condition.reason) == (True, Reason.GATE_TIMED_OUT)
    assert "Given up" in condition.message
    scene.clock.advance(48 * HOUR)
    for _ in range(3):
        scene.tick()
    assert scene.running() == before
    assert scene.reasons.count(Reason.GATE_TIMED_OUT) <= 2

    assert scene.tick(TriggeredBy.MANUAL).outcome is Outcome.APPLIED
    assert scene.running() != before


def test_another_version_begins_anew() -> None:
    scene = Scene()
    frozen(scene, "fail")
    scene.clock.advance(HOUR + 60)
    scene.tick()
    assert scene.state.waiting["window"].gave_up
    scene.publish("1.2.0", {"one": "AA", "two": "b"})
    scene.push("1.2.0")
    scene.tick()
    assert not scene.state.waiting["window"].gave_up


def given_up_by_a_freeze() -> Scene:
    """1.1.0 was approved, and given up for a freeze that is over by now."""
    scene = live()
    start = scene.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    scene.environment += f"  windows: {{freeze: [{{name: audit, start: {start}, hours: 24}}]}}\n".encode()
    scene.environment += b"  patience: {window: {afterMinutes: 60, then: fail}}\n"
    scene.push("1.0.0", "Freeze")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0")
    approve(scene)
    assert scene.tick().outcome is Outcome.WAITING
    scene.clock.advance(HOUR + 60)
    scene.tick()
    assert scene.state.waiting["window"].gave_up
    scene.clock.advance(48 * HOUR)
    return scene


@pytest.mark.parametrize("version", ["1.2.0", "9.9.9"])
def test_what_is_given_up_is_not_begun_by_a_commit_that_may_not_be(version: str) -> None:
    scene = given_up_by_a_freeze()
    before = scene.running()
    scene.publish("1.2.0", {"one": "AA", "two": "b"}, parent="1.1.0")
    scene.push(version, "Without approval, or not even published")
    for _ in range(3):
        scene.tick()
    assert scene.running() == before
    assert scene.state.waiting["window"].gave_up


def asks_in_time() -> Scene:
    """An approval is to come within an hour; it did not."""
    scene = live()
    scene.environment += b"  patience: {approval: {afterMinutes: 60, then: fail}}\n"
    scene.push("1.0.0", "Patience")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    return scene


def test_rules_that_were_given_up_and_taken_back_keep_nothing_shut() -> None:
    scene = asks_in_time()
    rules = scene.environment
    scene.environment += b"  missedRuns: create\n"
    scene.push("1.0.0", "Other rules")
    assert scene.tick().outcome is Outcome.WAITING
    scene.clock.advance(HOUR + 60)
    scene.tick()
    assert Reason.GATE_TIMED_OUT in scene.reasons
    scene.environment = rules
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED


def test_that_it_was_given_up_is_remembered_while_the_tip_cannot_be_read() -> None:
    scene = asks_in_time()
    scene.push("1.1.0")
    scene.tick()
    scene.clock.advance(HOUR + 60)
    scene.tick()
    scene.push("9.9.9")
    assert scene.tick().outcome is Outcome.STALLED
    scene.push("1.1.0")
    scene.tick()
    assert scene.state.conditions[ConditionType.ADMITTED].reason is Reason.GATE_TIMED_OUT


def test_a_dag_changes_under_its_runs_where_that_is_wanted() -> None:
    scene = in_flight("proceed")
    before = scene.running()
    scene.clock.advance(HOUR - 60)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == before
    scene.clock.advance(120)
    for _ in range(6):
        scene.tick()
        scene.clock.advance(10)
    assert scene.running() != before
    assert scene.state.fences == {}
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.tick().outcome is Outcome.IDLE


@pytest.mark.parametrize("then", ["keep-waiting", "fail"])
def test_else_it_does_not(then: str) -> None:
    scene = in_flight(then)
    before = scene.running()
    for _ in range(4):
        scene.clock.advance(HOUR)
        scene.tick()
    assert scene.running() == before
    assert Reason.GATE_TIMED_OUT in scene.reasons


def test_the_runs_end_and_what_waited_on_goes() -> None:
    scene = in_flight("keep-waiting")
    scene.clock.advance(2 * HOUR)
    scene.tick()
    scene.airflow.set_runs()
    for _ in range(4):
        scene.tick()
        scene.clock.advance(10)
    assert scene.running() == {"one": scene.state.past[0]}
    assert scene.state.waiting == {}


def test_an_approval_that_does_not_come_is_told() -> None:
    scene = live()
    roles = b"policy:\n  approval: {required: 1, from: [release-manager]}\n  patience:\n"
    scene.environment = ENVIRONMENT_YAML + roles + b"    approval: {afterMinutes: 60, then: fail}\n"
    scene.push("1.0.0", "Patience")
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED
    scene.push("1.1.0")
    scene.tick()
    scene.clock.advance(HOUR + 60)
    scene.tick()
    told = scene.events[-1]
    assert (told.reason, told.severity) == (Reason.GATE_TIMED_OUT, Severity.ERROR)
    assert scene.tick().outcome is Outcome.WAITING
    approve(scene)
    assert scene.tick().outcome is Outcome.APPLIED

"""A DAG whose graph changes: idle, paused, still idle, flipped, seen everywhere, un-paused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal, Transient
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Reason, Severity
from tests.engine.crashes import Died
from tests.engine.scene import Scene


def run(dag_id: str, run_id: str = "r", state: str = "running") -> DagRun:
    return DagRun(dag_id=dag_id, run_id=run_id, state=state, run_type="scheduled", started_at=None)


def scene_with_a_structural_bump() -> Scene:
    """1.0.0 is live; of 1.1.0, which is pushed, ``one`` has another graph and ``two`` another body."""
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.publish("1.1.0", {"one": "wider: a", "two": "B"})
    scene.push("1.1.0")
    return scene


def before_the_pause(scene: Scene, do: Callable[[], None]) -> None:
    """Let something happen once, just before a pause takes effect."""
    set_paused, left = scene.airflow.set_paused, [do]

    def pause(dag_id: str, paused: bool) -> None:
        if paused and left:
            left.pop()()
        set_paused(dag_id, paused)

    scene.airflow.set_paused = pause  # type: ignore[method-assign]


def test_only_the_dag_whose_graph_changes_is_paused_and_it_is_let_go() -> None:
    scene = scene_with_a_structural_bump()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.state.fences == {}
    assert set(scene.running().values()) == {scene.state.live["two"].pointer.release}


def test_it_is_let_go_only_when_every_container_has_copied_the_flip_twice() -> None:
    scene = scene_with_a_structural_bump()
    times = []
    set_paused = scene.airflow.set_paused

    def noting(dag_id: str, paused: bool) -> None:
        times.append(scene.clock.now())
        set_paused(dag_id, paused)

    scene.airflow.set_paused = noting  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.APPLIED
    live = scene.state.live["one"]
    assert times[1] >= live.flipped_at + timedelta(seconds=10)
    assert times[1] >= live.pointer.history[0].since


def test_a_run_that_gets_in_before_the_pause_is_waited_for_with_the_dag_un_paused() -> None:
    scene = scene_with_a_structural_bump()
    first = scene.state.live["one"].pointer.release
    before_the_pause(scene, lambda: scene.airflow.set_runs(run("one")))
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running()["one"] == first
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.state.fences == {}
    scene.airflow.set_runs()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running()["one"] != first


def test_a_run_queued_behind_the_fence_does_not_close_it() -> None:
    scene = scene_with_a_structural_bump()
    before_the_pause(scene, lambda: scene.airflow.set_runs(run("one", state="queued")))
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_dag_that_a_person_paused_is_flipped_and_stays_paused() -> None:
    scene = scene_with_a_structural_bump()
    scene.airflow.set_paused("one", True)
    scene.airflow.pauses.clear()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == []
    assert scene.airflow.dags(["one"])["one"].paused


def test_a_removed_dag_is_let_go_once_airflow_has_seen_it_go() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"two": "b"})
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert not scene.airflow.dags(["one"])["one"].active
    assert "one.py" not in scene.folder.list()


def test_a_revert_of_what_a_fence_was_opened_for_ends_it_without_a_flip() -> None:
    scene = scene_with_a_structural_bump()
    first = scene.state.live["one"].pointer.release
    real = scene.airflow.active_runs

    def dies_behind_the_fence(dag_ids: Sequence[str]) -> Sequence[DagRun]:
        if scene.airflow.pauses:
            raise Died
        return real(dag_ids)

    scene.airflow.active_runs = dies_behind_the_fence  # type: ignore[method-assign]
    with pytest.raises(Died):
        scene.tick()
    scene.airflow.active_runs = real  # type: ignore[method-assign]
    assert set(scene.state.fences) == {"one"}
    scene.push("1.0.0", "Revert")
    scene.clock.advance(151)
    assert scene.tick().outcome is Outcome.APPLIED
    assert [call for call in scene.airflow.pauses if call[0] == "one"] == [("one", True), ("one", False)]
    assert scene.state.fences == {}
    assert scene.running()["one"] == first


def test_runs_owed_by_assets_are_created_once() -> None:
    scene = scene_with_a_structural_bump()

    scene.start_by_assets()
    sleep = scene.clock.sleep

    def sleep_and_lose(seconds: float) -> None:
        sleep(seconds)
        if scene.state.fences:
            scene.airflow.lose_assets("one", scene.clock.now())

    scene.clock.sleep = sleep_and_lose  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.APPLIED
    assert [dag_id for dag_id, _ in scene.airflow.created] == ["one"]


def test_an_asset_event_just_before_the_un_pause_is_not_forgotten() -> None:
    scene = scene_with_a_structural_bump()
    set_paused = scene.airflow.set_paused

    def lose_then_unpause(dag_id: str, paused: bool) -> None:
        if not paused:
            scene.airflow.lose_assets(dag_id, scene.clock.now())
        set_paused(dag_id, paused)

    scene.start_by_assets()
    scene.airflow.set_paused = lose_then_unpause  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.APPLIED
    assert [dag_id for dag_id, _ in scene.airflow.created] == ["one"]


def test_a_fence_that_cannot_be_closed_is_told_and_closed_later() -> None:
    scene = scene_with_a_structural_bump()
    set_paused = scene.airflow.set_paused

    def no_unpause(dag_id: str, paused: bool) -> None:
        if not paused:
            raise Transient("Airflow does not answer.")
        set_paused(dag_id, paused)

    scene.airflow.set_paused = no_unpause  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.RETRY
    for _ in range(4):
        scene.clock.advance(60)
        scene.tick()
    told = [event for event in scene.events if event.reason is Reason.FENCE_OPEN]
    assert [event.severity for event in told] == [Severity.ERROR]
    scene.airflow.set_paused = set_paused  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.state.fences == {}
    assert scene.state.conditions[ConditionType.FENCED].status is False


def test_a_fence_is_told_of_also_while_airflow_does_not_answer_at_all() -> None:
    scene = scene_with_a_structural_bump()
    real = scene.airflow.active_runs

    def dies_behind_the_fence(dag_ids: Sequence[str]) -> Sequence[DagRun]:
        if scene.airflow.pauses:
            raise Transient("Airflow does not answer.")
        return real(dag_ids)

    def dies(dag_id: str, paused: bool) -> None:
        if not paused:
            raise Transient("Airflow does not answer.")
        pause(dag_id, paused)

    pause = scene.airflow.set_paused
    scene.airflow.active_runs = dies_behind_the_fence  # type: ignore[method-assign]
    scene.airflow.set_paused = dies  # type: ignore[method-assign]
    for _ in range(6):
        scene.tick()
        scene.clock.advance(60)
    assert Reason.FENCE_OPEN in scene.reasons


def test_assets_that_cannot_be_asked_for_keep_nothing_paused_and_are_told() -> None:
    scene = scene_with_a_structural_bump()

    scene.start_by_assets()
    scene.airflow.fail_next("owed_by_assets", Terminal("403 Forbidden.", "Allow it."))
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert Reason.RUN_NOT_MADE_UP in scene.reasons


def test_a_dag_that_does_not_come_up_keeps_no_other_paused() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.airflow.unparsed.add("two")
    scene.publish("1.1.0", {"one": "wider: a", "two": "B"})
    scene.push("1.1.0")
    scene.tick()
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert set(scene.state.fences) == set()


def test_a_dag_that_waits_is_told_of_in_the_end_however_many_commits_come() -> None:
    scene = scene_with_a_structural_bump()
    scene.airflow.set_runs(run("one"))
    for number in range(2, 12):
        scene.deploy(f"1.{number}.0", {"one": f"wider: {number}", "two": "b"})
        scene.clock.advance(3600)
    told = [event for event in scene.events if event.reason is Reason.DRAIN_TIMED_OUT]
    assert [event.severity for event in told][:1] == [Severity.ERROR]

"""Whatever Airflow, S3 or the store refuse in the middle: no DAG stays paused for it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.fencing import STOPPED
from reconciler.engine.world import Outcome
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.observation import DagRun, ImportProblem
from reconciler.model.plan import FlipBatch
from reconciler.model.reason import Reason
from reconciler.model.state import Changes
from reconciler.model.tick_time import TickTime
from tests.engine.scene import Scene

SYNC = timedelta(seconds=5)
DOWN, REFUSED = Transient("Airflow answers 503."), Terminal("Airflow answers 403.", "Allow it.")


def two_new_graphs() -> Scene:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.publish("1.1.0", {"one": "wider: a", "two": "wider: b"})
    scene.push("1.1.0")
    return scene


def refuse(scene: Scene, dag_id: str, pausing: bool, error: ReconcilerError, times: int = 1000) -> None:
    """Let Airflow refuse to pause, or to un-pause, a DAG so many times."""
    real, left = scene.airflow.set_paused, [error] * times

    def set_paused(which: str, paused: bool) -> None:
        if (which, paused) == (dag_id, pausing) and left:
            raise left.pop()
        real(which, paused)

    scene.airflow.set_paused = set_paused  # type: ignore[method-assign]


def minutes(scene: Scene, count: int) -> None:
    for _ in range(count):
        scene.clock.advance(60)
        scene.tick()


def is_paused(scene: Scene, dag_id: str) -> bool:
    return scene.airflow.dags([dag_id])[dag_id].paused


@pytest.mark.parametrize("error", [DOWN, REFUSED])
def test_a_pause_that_is_refused_keeps_no_other_dag_paused(error: ReconcilerError) -> None:
    scene = two_new_graphs()
    refuse(scene, "two", True, error)
    scene.tick()
    minutes(scene, 10)
    assert not is_paused(scene, "one")
    assert not is_paused(scene, "two")


def test_an_event_is_made_up_for_although_the_pause_of_another_dag_failed() -> None:
    scene = two_new_graphs()
    scene.start_by_assets()
    refuse(scene, "two", True, DOWN, times=1)
    assert scene.tick().outcome is Outcome.RETRY
    scene.clock.advance(20)
    scene.airflow.lose_assets("one", scene.clock.now())
    minutes(scene, 4)
    assert [dag_id for dag_id, _ in scene.airflow.created] == ["one"]


def test_an_un_pause_that_is_refused_keeps_no_other_dag_paused_and_undoes_no_persons_pause() -> None:
    scene = two_new_graphs()
    refuse(scene, "two", False, REFUSED)
    scene.tick()
    assert set(scene.state.fences) == {"two"}
    scene.airflow.set_paused("one", True)
    minutes(scene, 3)
    assert is_paused(scene, "one"), "a person paused it after its fence was closed"


@pytest.mark.parametrize("error", [DOWN, REFUSED])
def test_a_release_that_cannot_be_read_closes_the_fences_of_the_one_before(error: ReconcilerError) -> None:
    scene = two_new_graphs()
    scene.world = replace(scene.world, time=TickTime(30))
    scene.tick()
    assert scene.state.fences
    release = scene.publish("1.2.0", {"one": "wider: a", "two": "wider: c"})
    scene.push("1.2.0")
    real = scene.artifacts.open_release

    def open_release(release_id: str) -> bytes:
        if release_id == release.id:
            raise error
        return real(release_id)

    scene.artifacts.open_release = open_release  # type: ignore[method-assign]
    minutes(scene, 8)
    assert not scene.state.fences
    assert not is_paused(scene, "one")


def test_an_artifact_store_that_lost_everything_leaves_no_fence() -> None:
    scene = two_new_graphs()
    scene.world = replace(scene.world, time=TickTime(30))
    scene.tick()
    assert scene.state.fences
    scene.artifacts.release = lambda release_id: None  # type: ignore[method-assign]
    minutes(scene, 3)
    assert not scene.state.fences
    assert not is_paused(scene, "one")


def test_assets_that_are_not_told_of_for_minutes_keep_nothing_paused() -> None:
    scene = two_new_graphs()
    scene.start_by_assets()

    def owed(dag_id: str, after: object, until: object) -> bool:
        raise DOWN

    scene.airflow.owed_by_assets = owed  # type: ignore[method-assign]
    scene.tick()
    assert is_paused(scene, "one")
    minutes(scene, 6)
    assert not is_paused(scene, "one")
    assert Reason.RUN_NOT_MADE_UP in scene.reasons


def test_what_does_not_import_behind_a_fence_goes_back_as_soon_as_airflow_says_so() -> None:
    scene = two_new_graphs()
    scene.airflow.unparsed = {"one"}
    scene.tick()
    began = scene.clock.now()
    while "one" in scene.state.fences and scene.clock.now() < began + timedelta(minutes=5):
        problem = ImportProblem(file="one.py", message="boom", at=scene.clock.now())
        scene.airflow.set_import_errors(problem)
        scene.clock.advance(5)
        scene.tick()
        if scene.state.rejected:
            scene.airflow.unparsed = set()
    assert scene.clock.now() < began + timedelta(minutes=1)
    assert scene.state.live["two"].verified


def test_runs_that_were_stopped_have_their_time_also_if_the_flip_has_to_wait() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "b"})
    scene.clock.advance(600)
    started = scene.clock.now() - timedelta(seconds=300)
    scene.airflow.set_runs(
        DagRun(dag_id="one", run_id="r", state="running", run_type="scheduled", started_at=started)
    )
    scene.push("1.0.0")
    restart, pause = scene.airflow.restart_run, scene.airflow.set_paused
    at = {}

    def restart_run(dag_id: str, run_id: str) -> None:
        restart(dag_id, run_id)
        at["restarted"] = scene.clock.now()
        scene.airflow.set_busy("UPDATING")

    def set_paused(dag_id: str, paused: bool) -> None:
        at[str(paused)] = scene.clock.now()
        pause(dag_id, paused)

    scene.airflow.restart_run = restart_run  # type: ignore[method-assign]
    scene.airflow.set_paused = set_paused  # type: ignore[method-assign]
    minutes(scene, 4)
    assert at["False"] >= at["restarted"] + STOPPED


def slow_to_write_down(scene: Scene, seconds: float) -> None:
    """Let it take long to write down a flip."""
    commit: Callable[..., object] = scene.store.commit

    def slow(lease: object, changes: Changes) -> object:
        if any(step.kind == "FlipBatch" and not step.finished_at for step in changes.steps):
            scene.clock.advance(seconds)
        return commit(lease, changes)

    scene.store.commit = slow  # type: ignore[method-assign]


@pytest.mark.parametrize("seconds", [6, 14, 24])
def test_a_flip_that_is_slow_to_write_down_is_not_due_before_it_is_everywhere(seconds: float) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.publish("1.1.0", {"one": "b"})
    scene.push("1.1.0")
    slow_to_write_down(scene, seconds)
    put, at = scene.folder.put, {}

    def noted(key: str, body: bytes, if_match: str | None = None) -> str:
        at[key] = scene.clock.now()
        return put(key, body, if_match)

    scene.folder.put = noted  # type: ignore[method-assign]
    scene.tick()
    minutes(scene, 3)
    assert scene.state.live["one"].pointer.history[0].since >= at["one.py"] + SYNC
    assert len([step for step in scene.store.steps("dev", 2) if step.kind == FlipBatch.__name__]) <= 4


def test_a_flip_that_cannot_be_written_down_in_time_is_the_next_ticks() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.publish("1.1.0", {"one": "b"})
    scene.push("1.1.0")
    before = scene.folder.list()["one.py"]
    slow_to_write_down(scene, scene.world.time.work_seconds + 1)
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.folder.list()["one.py"] == before

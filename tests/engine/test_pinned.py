"""A change whose graph is the same goes live at once, and each run keeps the release it started with."""

from __future__ import annotations

from datetime import timedelta

from reconciler.core.pinning import started_on
from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from tests.engine.scene import Scene


def run_from(scene: Scene, dag_id: str, run_id: str = "r") -> DagRun:
    return DagRun(
        dag_id=dag_id, run_id=run_id, state="running", run_type="scheduled", started_at=scene.clock.now()
    )


def test_a_run_in_flight_holds_back_nothing_and_keeps_its_release() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    run = run_from(scene, "one")
    scene.airflow.set_runs(run)
    scene.clock.advance(60)
    second = scene.deploy("1.1.0", {"one": "A"})
    assert scene.running() == {"one": second.id}
    assert scene.airflow.pauses == []
    pointer = scene.state.live["one"].pointer
    assert started_on(run, pointer, scene.clock.now()).release == first.id
    assert f"_releases/{first.id}.tar.gz" in scene.folder.list()


def test_the_flip_is_due_only_when_every_container_can_have_it() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "A"})
    written = scene.state.files["one.py"].written_at
    assert scene.state.live["one"].pointer.history[0].since >= written + timedelta(seconds=9)


def test_a_run_keeps_its_release_over_three_more() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    run = run_from(scene, "one")
    scene.airflow.set_runs(run)
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        scene.clock.advance(600)
        scene.deploy(version, {"one": version})
    pointer = scene.state.live["one"].pointer
    assert started_on(run, pointer, scene.clock.now()).release == first.id
    assert len(pointer.history) == 3, "what only finished runs used is not kept, but one to fall back to"


def test_the_release_of_a_pinned_run_is_put_back_when_somebody_deletes_it() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.airflow.set_runs(run_from(scene, "one"))
    scene.clock.advance(60)
    scene.deploy("1.1.0", {"one": "A"})
    scene.folder.tamper(f"_releases/{first.id}.tar.gz", None)
    assert scene.tick().outcome is Outcome.APPLIED
    assert f"_releases/{first.id}.tar.gz" in scene.folder.list()


def test_a_run_that_starts_before_the_flip_is_due_stays_on_the_release_before() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "A"})
    live = scene.state.live["one"]
    early = DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=live.flipped_at)
    assert started_on(early, live.pointer, scene.clock.now()).release == first.id
    scene.airflow.set_runs(early)
    scene.clock.advance(600)
    scene.deploy("1.2.0", {"one": "AA"})
    assert started_on(early, scene.state.live["one"].pointer, scene.clock.now()).release == first.id

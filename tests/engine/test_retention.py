"""The DAG folder holds the last releases, those that DAGs run, and no others."""

from __future__ import annotations

from reconciler.core.pinning import started_on
from reconciler.core.retention import KEPT
from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from tests.engine.scene import Scene


def releases(scene: Scene) -> set[str]:
    keys = (key for key in scene.folder.list() if key.startswith("_releases/"))
    return {key.removeprefix("_releases/").removesuffix(".tar.gz") for key in keys}


def deploy_many(scene: Scene, count: int, first: int = 0) -> list[str]:
    """Releases in which ``one`` differs each time, and ``still`` never does."""
    ids = []
    for number in range(first, first + count):
        ids.append(scene.deploy(f"1.{number}.0", {"one": f"body {number}", "still": "s"}).id)
        scene.clock.advance(3600)
    return ids


def test_old_releases_go_and_what_stood_on_them_is_moved() -> None:
    scene = Scene()
    ids = deploy_many(scene, KEPT + 3)
    assert len(releases(scene)) <= KEPT + 1
    assert ids[0] not in releases(scene)
    live = scene.state.live["still"]
    assert live.pointer.release in releases(scene)
    assert live.pointer.release != ids[0]
    assert live.verified
    assert {entry.release for dag in scene.state.live.values() for entry in dag.pointer.history} <= releases(
        scene
    )
    assert scene.tick().outcome is Outcome.IDLE


def test_a_dag_is_not_touched_while_its_release_is_kept() -> None:
    scene = Scene()
    deploy_many(scene, 1)
    before = scene.folder.read("still.py")
    deploy_many(scene, KEPT - 1, first=1)
    assert scene.folder.read("still.py") == before


def test_the_release_of_a_run_in_flight_stays() -> None:
    scene = Scene()
    (first,) = deploy_many(scene, 1)
    run = DagRun(dag_id="still", run_id="r", state="running", run_type="manual", started_at=scene.clock.now())
    scene.airflow.set_runs(run)
    scene.clock.advance(60)
    deploy_many(scene, KEPT + 3, first=1)
    assert first in releases(scene)
    assert started_on(run, scene.state.live["still"].pointer, scene.clock.now()).release == first
    scene.airflow.set_runs()
    deploy_many(scene, 2, first=KEPT + 4)
    assert first not in releases(scene)

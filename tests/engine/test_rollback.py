"""Going back to a release that was live: what came after it is condemned, and its runs begin anew."""

from __future__ import annotations

from reconciler.core.pinning import started_on
from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason
from tests.engine.scene import Scene


def run_now(scene: Scene, run_id: str) -> DagRun:
    return DagRun(
        dag_id="one", run_id=run_id, state="running", run_type="manual", started_at=scene.clock.now()
    )


def bad_release_is_live(graph: str = "") -> tuple[Scene, str, str]:
    """1.1.0, which is bad, took over from 1.0.0 ten minutes ago."""
    scene = Scene()
    good = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    bad = scene.deploy("1.1.0", {"one": f"{graph}A", "two": "b"})
    scene.clock.advance(600)
    return scene, good.id, bad.id


def test_a_rollback_condemns_what_it_leaves() -> None:
    scene, good, bad = bad_release_is_live()
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running()["one"] == good
    assert scene.state.condemned == {bad}
    history = scene.state.live["one"].pointer.history
    assert bad not in {entry.release for entry in history}, "whatever a run's start, it is not picked"


def test_runs_of_the_bad_release_get_a_minute_and_then_begin_anew_once() -> None:
    scene, good, _ = bad_release_is_live()
    scene.airflow.set_runs(run_now(scene, "bad"))
    scene.clock.advance(30)
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.WAITING
    assert Reason.IN_FLIGHT_RUNS in scene.reasons
    assert scene.airflow.restarted == []
    scene.clock.advance(61)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running()["one"] == good
    assert scene.airflow.restarted == [("one", "bad")]
    scene.clock.advance(60)
    scene.tick()
    assert scene.airflow.restarted == [("one", "bad")]
    assert Reason.RUNS_RESTARTED in scene.reasons


def test_a_run_that_ends_within_the_minute_is_left_alone() -> None:
    scene, good, _ = bad_release_is_live()
    scene.airflow.set_runs(run_now(scene, "bad"))
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.WAITING
    scene.airflow.set_runs()
    assert scene.tick().outcome is Outcome.APPLIED
    assert (scene.running()["one"], scene.airflow.restarted) == (good, [])


def test_a_run_of_the_good_release_is_neither_waited_for_nor_restarted() -> None:
    scene = Scene()
    good = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    old = run_now(scene, "old")
    scene.airflow.set_runs(old)
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "A"})
    scene.clock.advance(600)
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.restarted == []
    assert started_on(old, scene.state.live["one"].pointer, scene.clock.now()).release == good.id


def test_no_run_starts_or_goes_on_from_the_look_until_the_flip_is_everywhere() -> None:
    scene, _, _ = bad_release_is_live()
    paused_while_written = []
    put = scene.folder.put

    def put_noting(key: str, body: bytes, if_match: str | None) -> str:
        if key == "one.py":
            paused_while_written.append(scene.airflow.dags(["one"])["one"].paused)
        return put(key, body, if_match)

    scene.folder.put = put_noting  # type: ignore[method-assign]
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert paused_while_written == [True]
    live = scene.state.live["one"]
    assert live.pointer.history[0].since < live.flipped_at, "nobody has to wait for it behind the fence"
    assert scene.airflow.pauses == [("one", True), ("one", False)]


def test_code_that_is_the_same_leaves_the_condemned_release_without_a_fence() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    bad = scene.deploy("1.1.0", {"one": "a", "new": "n"})
    scene.clock.advance(600)
    good = scene.deploy("1.2.0", {"one": "b", "new": "n"})
    scene.clock.advance(600)
    scene.push("1.1.0", "Revert")
    scene.tick()
    assert scene.state.live["new"].pointer.release == bad.id
    assert scene.state.condemned == {good.id}


def test_a_removal_by_rollback_stops_the_runs_that_do_not_end() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "a", "new": "n"})
    scene.clock.advance(600)
    run = DagRun(dag_id="new", run_id="r", state="running", run_type="manual", started_at=scene.clock.now())
    scene.airflow.set_runs(run)
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.WAITING
    scene.clock.advance(61)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.restarted == [("new", "r")]
    assert "new.py" not in scene.folder.list()


def test_a_changed_graph_is_rolled_back_behind_a_fence_even_with_runs_that_do_not_end() -> None:
    scene, good, _ = bad_release_is_live("wider: ")
    scene.airflow.pauses.clear()
    scene.airflow.set_runs(run_now(scene, "bad"))
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.WAITING
    scene.clock.advance(61)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.airflow.restarted == [("one", "bad")]
    assert scene.running()["one"] == good


def test_deploying_the_condemned_release_again_takes_that_back() -> None:
    scene, _, bad = bad_release_is_live()
    scene.push("1.0.0", "Revert")
    scene.tick()
    scene.clock.advance(600)
    scene.push("1.1.0", "Revert the revert")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running()["one"] == bad
    assert scene.state.condemned == frozenset()


def test_a_new_release_after_a_rollback_condemns_nothing_more() -> None:
    scene, _, bad = bad_release_is_live()
    scene.push("1.0.0", "Revert")
    scene.tick()
    scene.clock.advance(600)
    scene.deploy("1.2.0", {"one": "AA", "two": "b"})
    assert scene.state.condemned == {bad}


def test_going_back_two_releases_condemns_both() -> None:
    scene, good, bad = bad_release_is_live()
    worse = scene.deploy("1.2.0", {"one": "worse", "two": "b"})
    scene.push("1.0.0", "Revert both")
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.state.condemned == {bad, worse.id}
    assert scene.running()["one"] == good


def test_a_release_of_which_one_dag_never_went_live_can_be_gone_back_to() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "stuck": "s"})
    scene.clock.advance(600)
    stuck = DagRun(dag_id="stuck", run_id="r", state="running", run_type="manual", started_at=None)
    scene.airflow.set_runs(stuck)
    scene.deploy("1.1.0", {"one": "good", "stuck": "wider: s"})
    scene.clock.advance(600)
    bad = scene.deploy("1.2.0", {"one": "bad", "stuck": "wider: s"})
    scene.clock.advance(600)
    scene.push("1.1.0", "Revert")
    scene.tick()
    assert scene.state.condemned == {bad.id}


def test_a_run_on_what_is_condemned_begins_anew_also_where_newer_code_is_good_already() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    bad = scene.deploy("1.1.0", {"one": "bad"})
    scene.clock.advance(600)
    scene.airflow.set_runs(run_now(scene, "on bad code"))
    scene.clock.advance(60)
    scene.deploy("1.2.0", {"one": "a"})
    scene.clock.advance(600)
    scene.push("1.0.0", "Revert all")
    scene.tick()
    scene.clock.advance(61)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.restarted == [("one", "on bad code")]
    assert bad.id not in {entry.release for entry in scene.state.live["one"].pointer.history}

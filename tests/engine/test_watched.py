"""The engine keeps a watch: begun with an operation, told which DAGs it changed, live as a whole."""

from __future__ import annotations

from reconciler.engine.world import Outcome
from reconciler.model.health import SignalName, Weight
from reconciler.model.observation import DagRun
from reconciler.model.reason import Health
from reconciler.model.state import Changes
from reconciler.model.watch import Judgement, Tally, Watch
from tests.engine.scene import Scene


def watch(scene: Scene) -> Watch:
    assert scene.state.watch is not None
    return scene.state.watch


def test_a_release_is_watched_from_its_first_write_on() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    assert (watch(scene).release, set(watch(scene).touched)) == (first.id, {"one", "two"})
    scene.clock.advance(600)
    second = scene.deploy("1.1.0", {"one": "a", "two": "B"})
    after = watch(scene)
    assert (after.release, after.of, after.rollback) == (second.id, first.id, False)
    assert after.live_at is not None
    assert after.live_at > after.begun_at
    # What the first release changed has not proven itself yet, so the second answers for it too.
    assert set(after.touched) == {"one", "two"}
    assert after.touched["two"] == scene.state.live["two"].pointer.history[0].since
    assert after.touched["one"] < after.begun_at < after.touched["two"]


def test_going_back_is_watched_as_that_and_sweeps_change_nothing() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "A", "two": "b"})
    scene.clock.advance(600)
    scene.push("1.0.0")
    scene.tick()
    scene.clock.advance(60)
    scene.tick()
    after = watch(scene)
    assert (after.release, after.rollback, set(after.touched)) == (first.id, True, {"one"})
    scene.clock.advance(60)
    scene.tick()
    assert watch(scene) == after


def test_the_cure_answers_for_what_it_changes_from_its_own_flip_on() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b", "three": "c"})
    scene.clock.advance(600)
    run = DagRun(
        dag_id="one", run_id="r", state="running", run_type="scheduled", started_at=scene.clock.now()
    )
    scene.airflow.set_runs(run)
    scene.deploy("1.1.0", {"one": "wider: a", "two": "B", "three": "c"})
    after = watch(scene)
    assert (set(after.touched), set(after.leaving)) == ({"two", "three"}, {"one"})
    scene.airflow.set_runs()
    scene.clock.advance(60)
    scene.tick()
    assert (set(watch(scene).touched), watch(scene).leaving) == ({"one", "two", "three"}, {})


def judged_failed(scene: Scene) -> Watch:
    """What is live is judged Failed from now on."""
    ill = Tally(severity=Weight.ERROR, outcome=Judgement.FAILED)
    failed = watch(scene).model_copy(
        update={"outcome": Judgement.FAILED, "tallies": {SignalName.FAILED_RUNS: ill}}
    )
    lease = scene.store.acquire("dev", "somebody", 60)
    scene.store.commit(lease, Changes(state=scene.state.model_copy(update={"watch": failed})))
    scene.store.release(lease)
    return failed


def test_what_is_live_is_watched_while_a_gate_holds_back_all_of_the_next_one() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    failed = judged_failed(scene)
    bump = scene.publish("1.1.0", {"one": "A"})
    who = 'by: Ana, since: "2026-11-21T17:00:00Z", reason: month-end numbers'
    scene.holds = f"apiVersion: reconciler/v1\nkind: Holds\nholds: [{{{who}}}]\n"
    scene.push("1.1.0")
    for _ in range(2):
        assert scene.tick().outcome is Outcome.WAITING
        assert watch(scene) == failed
        assert scene.state.health is Health.DEGRADED
        scene.clock.advance(60)
    scene.holds = None
    scene.push("1.1.0", "Release")
    assert scene.tick().outcome is Outcome.APPLIED
    assert (watch(scene).release, watch(scene).of) == (bump.id, failed.release)
    assert set(watch(scene).touched) == {"one"}


def test_what_is_judged_failed_is_not_said_to_be_well_by_a_commit_that_changes_nothing() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    judged_failed(scene)
    scene.environment += b"# looked at\nhealth: {secondTry: false}\n"
    scene.push("1.0.0", "Other rules")
    scene.tick()
    said = [event.message for event in scene.events if "changes nothing that runs" in event.message]
    assert [one.partition(", which")[2] for one in said] == [" is not well (failed-runs)."]

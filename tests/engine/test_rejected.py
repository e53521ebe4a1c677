"""A DAG that is sealed, and does not import on the target: it alone goes back, and is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import AirflowDag, ImportProblem
from reconciler.model.reason import Health, Phase, Reason, TriggeredBy
from tests.engine.scene import Scene

MESSAGE = "ModuleNotFoundError: No module named 'frobnicate'"


def breaks_on_the_target(scene: Scene, dag_id: str) -> None:
    """From the next sleep on, Airflow cannot import the DAG's newest release."""
    sleep, good = scene.clock.sleep, scene.state.live.get(dag_id)
    written = good.fingerprint if good is not None else ""

    def sleep_and_break(seconds: float) -> None:
        nonlocal written
        sleep(seconds)
        live = scene.state.live.get(dag_id)
        # A container that has not copied the pointer yet parses the one before it again.
        if live is None or scene.clock.now() >= live.flipped_at + timedelta(seconds=5):
            written = live.fingerprint if live is not None else ""
        broken = bool(written) and (good is None or written != good.fingerprint)
        scene.airflow.set_import_errors(
            *([ImportProblem(file=f"{dag_id}.py", message=MESSAGE, at=scene.clock.now())] if broken else [])
        )
        (scene.airflow.unparsed.add if broken else scene.airflow.unparsed.discard)(dag_id)

    scene.clock.sleep = sleep_and_break  # type: ignore[method-assign]


@pytest.mark.parametrize("graph", ["", "wider: "])
def test_it_is_put_back_alone(graph: str) -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    breaks_on_the_target(scene, "one")
    second = scene.publish("1.1.0", {"one": f"{graph}A", "two": "B"})
    scene.push("1.1.0")
    outcomes = [scene.tick().outcome]
    scene.clock.advance(60)
    outcomes.append(scene.tick().outcome)
    assert outcomes[-1] is Outcome.FAILED
    assert scene.running() == {"one": first.id, "two": second.id}
    state = scene.state
    assert state.health is Health.DEGRADED
    assert state.operation is not None
    assert (state.operation.phase, state.fences) == (Phase.FAILED, {})
    failed = [event for event in scene.events if event.reason is Reason.HEALTH_CHECK_FAILED]
    assert len(failed) == 1
    assert "one does not import" in failed[0].message
    assert MESSAGE in failed[0].message
    assert not scene.airflow.dags(["one"])["one"].paused


def test_it_is_not_tried_again_until_it_differs() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    breaks_on_the_target(scene, "one")
    scene.deploy("1.1.0", {"one": "A", "two": "b"})
    scene.tick()
    told = len(scene.events)
    operations = len(scene.store.operations("dev", 100))
    for _ in range(3):
        scene.clock.advance(60)
        scene.tick(TriggeredBy.SCHEDULE)
    assert scene.running()["one"] == first.id
    assert (len(scene.events), len(scene.store.operations("dev", 100))) == (told, operations)
    scene.clock.sleep = type(scene.clock).sleep.__get__(scene.clock)  # type: ignore[method-assign]
    scene.airflow.set_import_errors()
    scene.airflow.unparsed.clear()
    third = scene.deploy("1.2.0", {"one": "mended", "two": "b"})
    assert scene.running()["one"] == third.id
    assert scene.state.rejected == {}
    assert scene.state.health is Health.HEALTHY


def test_a_person_may_ask_for_another_try() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    breaks_on_the_target(scene, "one")
    second = scene.deploy("1.1.0", {"one": "A"})
    scene.tick()
    scene.clock.sleep = type(scene.clock).sleep.__get__(scene.clock)  # type: ignore[method-assign]
    scene.airflow.set_import_errors()
    scene.airflow.unparsed.clear()
    assert scene.tick(TriggeredBy.MANUAL).outcome is Outcome.APPLIED
    assert scene.running()["one"] == second.id


def test_a_new_dag_that_does_not_import_is_taken_away() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    breaks_on_the_target(scene, "new")
    scene.deploy("1.1.0", {"one": "A", "new": "n"})
    scene.tick()
    assert "new.py" not in scene.folder.list()
    assert scene.state.operation is not None
    assert scene.state.operation.phase is Phase.FAILED


def test_an_error_from_before_the_flip_is_not_held_against_it() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    old = scene.clock.now() - timedelta(seconds=300)
    scene.airflow.set_import_errors(ImportProblem(file="one.py", message=MESSAGE, at=old))
    second = scene.deploy("1.1.0", {"one": "A"})
    assert scene.running()["one"] == second.id
    assert scene.state.rejected == {}


def test_a_release_that_has_not_arrived_yet_is_no_reason_to_go_back() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    sleep, left = scene.clock.sleep, ["once"]

    def sleep_and_miss(seconds: float) -> None:
        sleep(seconds)
        missing = scene.clock.now() > scene.state.live["one"].pointer.history[0].since and bool(left)
        problem = ImportProblem(file="one.py", message="ReleaseNotHere: no whole copy", at=scene.clock.now())
        scene.airflow.set_import_errors(*([problem] if missing else []))
        (scene.airflow.unparsed.add if missing else scene.airflow.unparsed.discard)("one")
        if missing and scene.airflow.calls["import_errors"] > 1:
            left.clear()

    scene.clock.sleep = sleep_and_miss  # type: ignore[method-assign]
    second = scene.deploy("1.1.0", {"one": "A"})
    assert scene.state.rejected == {}
    assert scene.running() == {"one": second.id}


def test_what_ran_before_is_never_put_back_for_an_error_that_the_change_did_not_make() -> None:
    """The loader is upgraded, and in that moment the DAG does not import."""
    scene = Scene()
    release = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    before = scene.folder.read("one.py")
    scene.folder.tamper("_reconciler_loader_v1.py", None)
    scene.airflow.unparsed.add("one")
    scene.airflow.set_dag(
        AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
    )
    later = scene.clock.now() + timedelta(seconds=9)
    scene.airflow.set_import_errors(ImportProblem(file="one.py", message=MESSAGE, at=later))
    for _ in range(3):
        scene.tick()
        scene.clock.advance(60)
    assert scene.folder.read("one.py") == before
    assert scene.state.live["one"].pointer.release == release.id
    assert any(MESSAGE in event.message for event in scene.events), "but it is told"


def test_a_rollback_to_code_that_does_not_import_any_more_keeps_the_dag() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.deploy("1.1.0", {"one": "A"})
    scene.clock.advance(600)
    breaks_on_the_target(scene, "one")
    scene.push("1.0.0", "Revert")
    for _ in range(3):
        scene.tick()
        scene.clock.advance(60)
    assert "one.py" in scene.folder.list()


def test_an_error_in_a_file_of_somebody_elses_folder_is_not_ours() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    late = scene.clock.now() + timedelta(seconds=60)
    scene.airflow.set_import_errors(ImportProblem(file="legacy/one.py", message=MESSAGE, at=late))
    second = scene.deploy("1.1.0", {"one": "A"})
    assert scene.running() == {"one": second.id}


def test_rules_that_change_meanwhile_prove_no_version_good() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600)
    breaks_on_the_target(scene, "one")
    scene.publish("1.1.0", {"one": "A", "two": "B"})
    scene.push("1.1.0")
    scene.tick()
    scene.clock.advance(60)
    assert scene.tick().outcome is Outcome.FAILED
    scene.environment += b"policy: {promotion: {soakMinutes: 5}}\n"
    scene.push("1.1.0", "Let it soak")
    assert scene.tick().outcome is Outcome.FAILED
    newest, *_ = scene.store.operations("dev", 5)
    assert (newest.phase, newest.rules) == (Phase.FAILED, ("policy.promotion.soakMinutes: none → 5.0",))
    assert Reason.RULES_CHANGED in scene.reasons
    assert scene.tick().outcome is Outcome.FAILED
    assert scene.store.operations("dev", 1)[0] == newest

"""Understood failures are reported, not raised; told when they begin and when they end, not each minute."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.reason import ConditionType, Reason, Severity, Sync
from tests.engine import scene as scenery
from tests.engine.scene import Scene

BAD = {"dev/pointer.yaml": b"components: [\n"}


def live_scene() -> Scene:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    return scene


@pytest.mark.parametrize("method", ["acquire", "load", "commit"])
def test_a_store_that_does_not_answer_is_a_retry(method: str) -> None:
    scene = live_scene()
    scene.publish("1.1.0", {"one": "A"})
    scene.push("1.1.0")
    scene.store.fail_next(method, Transient("throttled"))
    assert scene.tick().outcome is Outcome.RETRY
    scene.clock.advance(151)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_lease_that_cannot_be_given_back_does_not_hide_the_result() -> None:
    scene = live_scene()
    scene.store.fail_next("release", Transient("lost"))
    assert scene.tick().outcome is Outcome.IDLE


@pytest.mark.parametrize("error", [Transient("down"), Terminal("AWS denies events:PutEvents.", "Allow it.")])
def test_events_that_cannot_be_delivered_are_kept_for_later(error: Exception) -> None:
    scene = live_scene()
    scene.publish("1.1.0", {"one": "A"})
    scene.push("1.1.0")
    scene.bus.fail_next("publish", error)
    result = scene.tick()
    assert result.outcome is Outcome.APPLIED
    assert "not delivered" in result.trouble
    scene.tick()
    assert [event.sequence for event in scene.bus.published] == list(range(1, len(scene.events) + 1))


def test_a_write_that_is_refused_each_minute_is_told_once() -> None:
    scene = Scene()
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0")
    lengths = []
    for _ in range(4):
        for _ in range(3):
            scene.folder.fail_next("put", Terminal("AWS denies s3:PutObject.", "Allow it."))
        assert scene.tick().outcome is Outcome.STALLED
        lengths.append(len(scene.events))
        scene.folder._failures.clear()
        scene.clock.advance(60)
    assert lengths == [lengths[0]] * 4
    assert Reason.OPERATION_RESUMED not in scene.reasons
    assert scene.state.intents == {}


def test_a_bad_tip_and_a_file_in_the_way_do_not_take_turns() -> None:
    scene = Scene()
    scene.folder.tamper("one.py", b"by hand")
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0")
    scene.tick()
    scene.repo.person_pushes(BAD)
    scene.tick()
    told = len(scene.events)
    for _ in range(3):
        scene.clock.advance(60)
        scene.tick()
    assert len(scene.events) == told


def test_a_stalled_environment_is_not_ready() -> None:
    scene = live_scene()
    scene.repo.person_pushes(BAD)
    scene.tick()
    assert scene.state.conditions[ConditionType.READY].status is False
    assert scene.state.sync is Sync.OUT_OF_SYNC


def test_a_second_outage_is_told_again() -> None:
    scene = live_scene()
    for _ in range(2):
        scene.repo.fail_next("tip", Transient("git is down"))
        scene.tick()
        assert scene.events[-1].reason is Reason.GIT_OPERATION_FAILED
        scene.tick()
        assert "can be read again" in scene.events[-1].message


def test_drift_is_put_back_while_git_is_down() -> None:
    scene = live_scene()
    good = scene.folder.read("one.py")
    scene.folder.tamper("one.py", None)
    scene.repo.fail_next("tip", Transient("git is down"))
    assert scene.tick().outcome is Outcome.RETRY
    assert scene.folder.read("one.py") == good


def test_a_file_changed_while_it_was_to_be_deleted_is_a_retry() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.publish("1.1.0", {"one": "a"})
    scene.push("1.1.0")
    scene.folder.fail_next("delete", Conflict("changed", "", Reason.DRIFT_DETECTED))
    assert scene.tick().outcome is Outcome.RETRY
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_first_deployment_into_the_wrong_folder_can_be_corrected() -> None:
    scene = Scene()
    scene.folder.tamper(".airflowignore", b"by hand")
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.WAITING
    scene.folder.tamper(".airflowignore", None)
    other = scenery.ENVIRONMENT_YAML.replace(b"dev-airflow", b"dev-airflow2")
    scene.repo.person_pushes({"dev/environment.yaml": other})
    assert scene.tick().outcome is Outcome.APPLIED


def test_another_folder_for_what_is_live_is_refused() -> None:
    scene = live_scene()
    other = scenery.ENVIRONMENT_YAML.replace(b"dev-airflow", b"dev-airflow2")
    scene.repo.person_pushes({"dev/environment.yaml": other})
    assert scene.tick().outcome is Outcome.STALLED


def test_a_release_sealed_with_another_airflow_is_refused() -> None:
    scene = live_scene()
    newer = scenery.ENVIRONMENT_YAML.replace(b"3.0.6", b"3.2.1")
    scene.publish("1.1.0", {"one": "A"})
    scene.repo.person_pushes(
        {"dev/environment.yaml": newer, "dev/pointer.yaml": scenery.pointer_yaml("1.1.0")}
    )
    assert scene.tick().outcome is Outcome.STALLED
    assert "sealed with Airflow 3.0.6" in scene.events[-1].message


def test_a_release_without_dags_is_refused() -> None:
    scene = live_scene()
    scene.publish("1.1.0", {})
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.STALLED
    assert "one.py" in scene.folder.list()


def test_an_outage_that_lasts_is_told_once_and_so_is_its_end() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    for minute in range(40):
        scene.repo.fail_next("tip", Transient(f"Git does not answer ({minute})."))
        scene.tick()
        scene.clock.advance(60)
    told = [event for event in scene.events if event.reason is Reason.OUTAGE_LASTS]
    assert [event.severity for event in told] == [Severity.ERROR]
    assert "Git does not answer" in told[0].message
    assert scene.tick().outcome is Outcome.APPLIED
    assert "Everything outside answers again." in [event.message for event in scene.events]
    assert scene.tick().outcome is Outcome.IDLE


def test_an_outage_of_ten_minutes_disturbs_nobody() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    for _ in range(10):
        scene.airflow.fail_next("dags", Transient("Airflow does not answer."))
        scene.repo.fail_next("tip", Transient("Git does not answer."))
        scene.tick()
        scene.clock.advance(60)
    scene.tick()
    assert Severity.ERROR not in {event.severity for event in scene.events}

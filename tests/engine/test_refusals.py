"""What cannot be applied changes nothing that is live, says what to do, and is told once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import Transient
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Reason
from tests.engine.scene import ENVIRONMENT_YAML, Scene, pointer_yaml


def bad_yaml(scene: Scene) -> None:
    scene.repo.person_pushes({"dev/pointer.yaml": b"components: [\n"})


def unknown_version(scene: Scene) -> None:
    scene.push("9.9.9")


def forced_push(scene: Scene) -> None:
    applied = scene.state.applied
    assert applied is not None
    scene.publish("2.0.0", {"one": "zzz"})
    base = scene.repo.log(applied.revision, ".", 10)[-1].sha
    scene.repo.rewind(base)
    scene.repo.person_pushes({"dev/pointer.yaml": pointer_yaml("2.0.0")})


def not_sealed(scene: Scene) -> None:
    from reconciler.model.component import Component
    from tests.builders import artifact

    manifest, archive = artifact(Component.DBT, "5.0.0", {"dbt/x.sql": b"other"})
    scene.artifacts.publish(manifest, archive)
    body = pointer_yaml("1.1.0").replace(b"dbt: {version: 1.1.0}", b"dbt: {version: 5.0.0}")
    scene.repo.person_pushes({"dev/pointer.yaml": body})


def too_long_an_id_for_mwaa(scene: Scene) -> None:
    scene.publish("1.2.0", {"one": "wider: A", "l" * 39: "c"})
    http, mwaa = b'http: {url: "http://127.0.0.1:8080"}', b"mwaa: {environment: dev}"
    files = {
        "dev/pointer.yaml": pointer_yaml("1.2.0"),
        "dev/environment.yaml": ENVIRONMENT_YAML.replace(http, mwaa),
    }
    scene.repo.person_pushes(files)


@pytest.mark.parametrize(
    ("do", "reason", "says"),
    [
        (bad_yaml, Reason.INVALID_CONFIGURATION, "dev/pointer.yaml"),
        (unknown_version, Reason.ARTIFACT_FAILED, "never published"),
        (forced_push, Reason.REVISION_NOT_DESCENDANT, "history"),
        (not_sealed, Reason.ARTIFACT_FAILED, "reconciler seal dev"),
        (too_long_an_id_for_mwaa, Reason.INVALID_CONFIGURATION, "at most 38 characters"),
    ],
)
def test_nothing_live_changes(do: Callable[[Scene], None], reason: Reason, says: str) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "wider: A"})
    before = scene.folder.list()
    do(scene)

    assert scene.tick().outcome is Outcome.STALLED
    assert scene.folder.list() == before
    stalled = scene.state.conditions[ConditionType.STALLED]
    assert (stalled.status, stalled.reason) == (True, reason)
    assert says in stalled.message
    assert scene.events[-1].reason is reason

    told = len(scene.events)
    assert scene.tick().outcome is Outcome.STALLED
    assert len(scene.events) == told, "the same problem is told once"


def test_commits_for_others_do_not_tell_it_again() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    unknown_version(scene)
    for number in range(3):
        scene.tick()
        scene.repo.person_pushes({"prod/pointer.yaml": pointer_yaml(f"1.{number}.0")})
    scene.tick()
    assert scene.reasons.count(Reason.ARTIFACT_FAILED) == 1
    assert scene.state.conditions[ConditionType.STALLED].observed_revision == scene.repo.tip()
    scene.repo.person_pushes({"dev/environment.yaml": ENVIRONMENT_YAML + b"# Try again.\n"})
    scene.tick()
    assert scene.reasons.count(Reason.ARTIFACT_FAILED) == 2


def test_drift_is_healed_while_the_tip_is_bad() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    good = scene.folder.read("one.py")
    bad_yaml(scene)
    scene.folder.tamper("one.py", b"broken")
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.folder.read("one.py") == good


def test_a_bad_tip_does_not_turn_back_what_goes_forward() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    run = DagRun(dag_id="one", run_id="r", state="running", run_type="manual", started_at=None)
    scene.airflow.set_runs(run)
    second = scene.deploy("1.1.0", {"one": "wider: A", "two": "wider: B"})
    assert scene.running() == {"one": first.id, "two": second.id}
    bad_yaml(scene)
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.running() == {"one": first.id, "two": second.id}
    scene.airflow.set_runs()
    assert scene.tick().outcome is Outcome.STALLED
    assert scene.running() == {"one": second.id, "two": second.id}


def test_a_better_commit_ends_the_stall() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    bad_yaml(scene)
    scene.tick()
    release = scene.deploy("1.1.0", {"one": "wider: A"})
    assert scene.running() == {"one": release.id}
    assert scene.state.conditions[ConditionType.STALLED].status is False


def test_going_back_to_what_runs_is_told() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    bad_yaml(scene)
    scene.tick()
    scene.push("1.0.0", "Mend the pointer")
    scene.tick()
    assert scene.events[-1].reason is Reason.RECONCILIATION_SUCCEEDED
    assert scene.tick().outcome is Outcome.IDLE


def test_sealing_it_later_needs_no_commit() -> None:
    scene = Scene()
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.STALLED
    release = scene.publish("1.0.0", {"one": "a"})
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() == {"one": release.id}


def test_a_file_of_somebody_else_is_not_overwritten() -> None:
    scene = Scene()
    scene.folder.tamper("one.py", b"# airflow dag by hand")
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.folder.list().keys() == {"one.py"}
    assert scene.state.conditions[ConditionType.STALLED].reason is Reason.FOREIGN_FILE
    scene.folder.tamper("one.py", None)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_git_server_that_is_down_is_reported_and_retried() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.repo.fail_next("tip", Transient("git.example.com did not answer."))
    assert scene.tick().outcome is Outcome.RETRY
    assert scene.state.conditions[ConditionType.FETCH_FAILED].status is True
    assert scene.events[-1].reason is Reason.GIT_OPERATION_FAILED
    scene.tick()
    assert scene.state.conditions[ConditionType.FETCH_FAILED].status is False


def test_a_dag_that_airflow_does_not_take_up_is_a_failure_with_evidence() -> None:
    scene = Scene()
    scene.airflow.unparsed.add("one")
    scene.publish("1.0.0", {"one": "a", "two": "b"})
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.FAILED
    failed = scene.events[-1]
    assert failed.reason is Reason.HEALTH_CHECK_FAILED
    assert any(line.startswith("one ") for line in failed.evidence)

    told = len(scene.events)
    scene.tick()
    assert len(scene.events) == told

    scene.airflow.unparsed.clear()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.events[-1].reason is Reason.RECONCILIATION_SUCCEEDED

"""A commit becomes the running release, and only what it changes is touched."""

from __future__ import annotations

from datetime import timedelta

from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Health, Phase, Reason, Sync, TriggeredBy
from tests.engine.scene import Scene


def run_of(dag_id: str) -> DagRun:
    return DagRun(
        dag_id=dag_id, run_id=f"manual__{dag_id}", state="running", run_type="manual", started_at=None
    )


def test_the_first_commit_makes_everything_live() -> None:
    scene = Scene()
    release = scene.publish("1.0.0", {"one": "a", "two": "b"})
    revision = scene.push("1.0.0", "Deploy 1.0.0")

    result = scene.tick()

    assert result.outcome is Outcome.APPLIED
    assert scene.running() == {"one": release.id, "two": release.id}
    state = scene.state
    assert state.applied is not None
    assert state.applied.revision == revision
    assert (state.sync, state.health) == (Sync.SYNCED, Health.HEALTHY)
    assert state.operation is not None
    assert state.operation.phase is Phase.SUCCEEDED
    assert state.operation.initiated_by.startswith("Ana")
    assert scene.reasons == [Reason.PROGRESSING, Reason.RECONCILIATION_SUCCEEDED]


def test_pointers_are_written_after_the_release_has_settled() -> None:
    scene = Scene()
    release = scene.deploy("1.0.0", {"one": "a"})
    files = scene.state.files
    settled = files["one.py"].written_at - files[f"_releases/{release.id}.tar.gz"].written_at
    assert settled >= timedelta(seconds=5)


def test_a_bump_leaves_untouched_dags_byte_identical() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    before = scene.folder.read("two.py")
    second = scene.publish("1.1.0", {"one": "wider: A", "two": "b"})
    scene.push("1.1.0")
    scene.tick()
    assert scene.running() == {"one": second.id, "two": first.id}
    assert scene.folder.read("two.py") == before


def test_a_revert_brings_the_first_release_back() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "wider: A"})
    scene.push("1.0.0", 'Revert "Bump"')
    scene.tick()
    assert scene.running() == {"one": first.id}


def test_a_removed_dag_loses_its_pointer_and_nothing_else() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.folder.tamper("somebody_elses.py", b"# airflow dag")
    scene.deploy("1.1.0", {"one": "a"})
    assert "two.py" not in scene.folder.list()
    assert "somebody_elses.py" in scene.folder.list()
    assert "two" not in scene.state.live


def test_nothing_to_do_takes_six_calls_at_most() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {f"dag_{number}": "a" for number in range(1000)})
    twins = [scene.repo, scene.artifacts, scene.store, scene.bus, scene.folder, scene.airflow]
    for twin in twins:
        twin.calls.clear()
    assert scene.tick(TriggeredBy.SCHEDULE).outcome is Outcome.IDLE
    assert sum(sum(twin.calls.values()) for twin in twins) <= 6


def test_a_dag_in_flight_waits_alone_and_is_named() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.airflow.set_runs(run_of("one"))
    second = scene.publish("1.1.0", {"one": "wider: A", "two": "wider: B"})
    scene.push("1.1.0")

    assert scene.tick().outcome is Outcome.WAITING
    assert scene.running() == {"one": first.id, "two": second.id}
    quiesced = scene.state.conditions[ConditionType.QUIESCED]
    assert (quiesced.status, quiesced.reason) == (False, Reason.IN_FLIGHT_RUNS)
    assert "one" in quiesced.message
    assert any("manual__one" in line for event in scene.events for line in event.evidence)

    told = len(scene.events)
    scene.tick()
    assert len(scene.events) == told, "waiting on is no news"

    scene.airflow.set_runs()
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() == {"one": second.id, "two": second.id}
    assert scene.reasons[-1] is Reason.RECONCILIATION_SUCCEEDED


def test_a_busy_environment_is_left_alone() -> None:
    scene = Scene()
    scene.airflow.set_busy("UPDATING")
    scene.publish("1.0.0", {"one": "a"})
    scene.push("1.0.0")
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.folder.list() == {}
    scene.airflow.set_busy(None)
    assert scene.tick().outcome is Outcome.APPLIED


def test_a_newer_commit_supersedes_a_waiting_one() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.airflow.set_runs(run_of("one"))
    scene.deploy("1.1.0", {"one": "wider: A"})
    third = scene.publish("1.2.0", {"one": "AA"})
    scene.push("1.2.0")
    scene.airflow.set_runs()
    scene.tick()
    assert scene.running() == {"one": third.id}
    assert Reason.SUPERSEDED in scene.reasons
    phases = [operation.phase for operation in scene.store.operations("dev", 10)]
    assert phases == [Phase.SUCCEEDED, Phase.ERROR, Phase.SUCCEEDED]


def test_a_commit_for_others_is_applied_in_silence() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    told = len(scene.events)
    revision = scene.repo.person_pushes({"prod/pointer.yaml": b"whatever"}, "For prod")
    scene.tick()
    assert len(scene.events) == told
    assert scene.state.applied is not None
    assert scene.state.applied.revision == revision
    assert scene.tick().outcome is Outcome.IDLE


def test_the_bus_has_every_event_in_order() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "wider: A"})
    assert [event.sequence for event in scene.bus.published] == list(range(1, len(scene.events) + 1))

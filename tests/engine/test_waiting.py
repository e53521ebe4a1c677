"""What happens around DAGs with runs in flight: fresh looks, patience, other people's commits, reverts."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.reason import ConditionType, Health, Phase, Reason
from tests.engine.scene import Scene


def run(dag_id: str, run_id: str = "r") -> DagRun:
    return DagRun(dag_id=dag_id, run_id=run_id, state="running", run_type="manual", started_at=None)


def waiting_scene() -> Scene:
    """1.0.0 is live; 1.1.0 was pushed; ``one`` has a run in flight."""
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.airflow.set_runs(run("one"))
    scene.deploy("1.1.0", {"one": "wider: A", "two": "wider: B"})
    return scene


def test_a_short_run_is_waited_for_within_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.airflow.set_runs(run("one"))
    second = scene.publish("1.1.0", {"one": "wider: A"})
    scene.push("1.1.0")
    sleep = scene.clock.sleep

    def sleep_and_end(seconds: float) -> None:
        sleep(seconds)
        scene.airflow.set_runs()

    monkeypatch.setattr(scene.clock, "sleep", sleep_and_end)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.running() == {"one": second.id}


def test_a_revert_while_waiting_ends_the_attempt_as_superseded() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.airflow.set_runs(run("one"))
    scene.deploy("1.1.0", {"one": "wider: A"})
    scene.push("1.0.0", "Revert")
    assert scene.tick().outcome is Outcome.APPLIED
    newest = scene.store.operations("dev", 1)[0]
    assert (newest.versions["dags"], newest.phase) == ("1.1.0", Phase.ERROR)
    assert scene.reasons[-2:] == [Reason.SUPERSEDED, Reason.RECONCILIATION_SUCCEEDED]
    told = scene.events[-2].message
    assert f"{newest.revision[:10]} by Ana <ana@example.com> (Bump) was not finished" in told
    assert f"{scene.repo.tip()[:10]} by Ana <ana@example.com> (Revert) took over" in told


def test_a_commit_for_another_environment_supersedes_nothing() -> None:
    scene = waiting_scene()
    attempt = scene.state.operation
    assert attempt is not None
    scene.repo.person_pushes({"prod/x.txt": b"x"}, "Only prod")
    assert scene.tick().outcome is Outcome.WAITING
    scene.airflow.set_runs()
    assert scene.tick().outcome is Outcome.APPLIED
    ended = scene.state.operation
    assert ended is not None
    assert (ended.attempt, ended.subject, ended.phase) == (attempt.attempt, "Bump", Phase.SUCCEEDED)
    assert Reason.SUPERSEDED not in scene.reasons
    assert scene.tick().outcome is Outcome.IDLE


def test_drift_of_a_waiting_dag_and_of_others_is_put_back_and_told() -> None:
    scene = waiting_scene()
    good = {key: scene.folder.read(key) for key in ("one.py", "two.py")}
    for key in good:
        scene.folder.tamper(key, b"# edited")
    told = len(scene.events)
    assert scene.tick().outcome is Outcome.WAITING
    assert {key: scene.folder.read(key) for key in good} == good
    assert [reason for reason in scene.reasons[told:] if "Drift" in reason] == [
        Reason.DRIFT_DETECTED,
        Reason.DRIFT_HEALED,
    ]
    assert scene.state.conditions[ConditionType.DRIFTED].status is False


def test_a_deleted_pointer_of_a_dag_in_flight_comes_back() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a"})
    scene.airflow.set_runs(run("one"))
    scene.folder.tamper("one.py", None)
    scene.deploy("1.1.0", {"one": "wider: A"})
    assert "one.py" in scene.folder.list()


def test_a_stale_dag_with_a_run_does_not_block_its_own_rescue() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.deploy("1.1.0", {"one": "wider: A"})
    scene.airflow.set_runs(run("one"))
    scene.airflow.unparsed.add("one")
    stale = AirflowDag(dag_id="one", active=False, paused=False, release=None, last_parsed_at=None)
    scene.airflow.set_dag(stale)
    scene.push("1.0.0", "Revert")
    scene.tick()
    assert scene.state.live["one"].pointer.release == first.id


def test_a_dag_that_is_stale_for_a_moment_is_waited_for() -> None:
    scene = Scene()
    first = scene.deploy("1.0.0", {"one": "a"})
    scene.clock.advance(600)
    scene.airflow.set_runs(run("one"))
    (parsed,) = scene.airflow.dags(["one"]).values()
    hiccup = parsed.model_copy(update={"active": False, "last_parsed_at": scene.clock.now()})
    scene.airflow.set_dag(hiccup)
    scene.deploy("1.1.0", {"one": "wider: A"})
    assert scene.state.live["one"].pointer.release == first.id
    scene.clock.advance(60)
    scene.tick()
    assert scene.state.live["one"].pointer.release != first.id, "that was no moment: it has to be mended"


def test_a_failure_while_others_wait_is_one_attempt() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.airflow.set_runs(run("one"))
    scene.airflow.unparsed.add("two")
    scene.deploy("1.1.0", {"one": "wider: A", "two": "wider: B"})
    for _ in range(8):
        scene.clock.advance(60)
        scene.tick()
    assert len(scene.store.operations("dev", 100)) == 2
    assert scene.state.health is Health.DEGRADED
    told = len(scene.events)
    scene.clock.advance(60)
    scene.tick()
    assert len(scene.events) == told
    scene.airflow.set_runs()
    scene.airflow.unparsed.clear()
    assert scene.tick().outcome is Outcome.APPLIED


def test_ten_thousand_runs_fit_into_an_event() -> None:
    scene = Scene()
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.airflow.set_runs(*(run("one", f"backfill__2024-01-01T00:00:00+00:00__{n}") for n in range(10_000)))
    second = scene.deploy("1.1.0", {"one": "wider: A", "two": "wider: B"})
    assert scene.running()["two"] == second.id
    assert max(len(event.model_dump_json()) for event in scene.events) < 20_000
    assert any("9980 more" in line for event in scene.events for line in event.evidence)

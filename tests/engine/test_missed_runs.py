"""Scheduled runs that were due while a DAG was fenced: none is lost, none is there twice."""

from __future__ import annotations

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason, Severity
from tests.builders import EACH_MINUTE
from tests.engine.crashes import Died
from tests.engine.scene import Scene


def killed_behind_its_fence(minutes: float) -> Scene:
    """``one`` was paused to get another graph, its tick was killed, and so much time has passed."""
    scene = Scene(calendar=EACH_MINUTE)
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(600 - scene.clock.now().timestamp() % 60)
    scene.publish("1.1.0", {"one": "wider: a", "two": "b"})
    scene.push("1.1.0")
    pause = scene.airflow.set_paused

    def pause_and_die(dag_id: str, paused: bool) -> None:
        pause(dag_id, paused)
        scene.airflow.set_paused = pause  # type: ignore[method-assign]
        raise Died

    scene.airflow.set_paused = pause_and_die  # type: ignore[method-assign]
    with pytest.raises(Died):
        scene.tick()
    scene.clock.advance(minutes * 60)
    return scene


def test_a_fence_that_stood_open_costs_no_run() -> None:
    scene = killed_behind_its_fence(minutes=4.5)
    assert scene.tick().outcome is Outcome.APPLIED
    assert len(scene.airflow.created) == 3
    assert all(run_id.startswith("reconciler_missed__") for _, run_id in scene.airflow.created)
    assert scene.airflow.pauses[-1] == ("one", False)
    (event,) = [event for event in scene.events if event.reason is Reason.RUNS_CREATED]
    assert event.severity is Severity.INFO
    assert event.evidence == tuple(f"{dag_id}: {run_id}" for dag_id, run_id in scene.airflow.created)


@pytest.mark.parametrize("second", [0, 10, 50, 59])
def test_a_fence_as_usual_creates_nothing(second: int) -> None:
    scene = Scene(calendar=EACH_MINUTE)
    scene.deploy("1.0.0", {"one": "a"})
    scene.publish("1.1.0", {"one": "wider: a"})
    scene.push("1.1.0")
    scene.clock.advance(600 + second - scene.clock.now().timestamp() % 60)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.airflow.created == []


def test_what_was_created_before_a_crash_is_not_created_again() -> None:
    scene = killed_behind_its_fence(minutes=4.5)
    create, left = scene.airflow.create_run, [None]

    def create_and_die(*run: object) -> bool:
        made = create(*run)  # type: ignore[arg-type]
        if left:
            left.pop()
            raise Died
        return made

    scene.airflow.create_run = create_and_die  # type: ignore[method-assign, assignment]
    with pytest.raises(Died):
        scene.tick()
    scene.clock.advance(200)
    assert scene.tick().outcome is Outcome.APPLIED
    assert len(set(scene.airflow.created)) == len(scene.airflow.created) >= 6


def test_runs_that_airflow_refuses_keep_nothing_paused_and_are_told() -> None:
    scene = killed_behind_its_fence(minutes=4.5)
    scene.airflow.fail_next("create_run", Terminal("400 has import errors.", "Mend it."))
    scene.tick()
    assert scene.airflow.pauses[-1] == ("one", False)
    assert scene.state.fences == {}
    (event,) = [event for event in scene.events if event.reason is Reason.RUN_NOT_MADE_UP]
    assert "runs due while it was paused cannot be created" in event.message


def test_an_airflow_that_does_not_answer_is_waited_for_no_longer_than_a_fence_may_be_open() -> None:
    scene = killed_behind_its_fence(minutes=2.2)
    for _ in range(30):
        scene.airflow.fail_next("create_run", Transient("503 Service Unavailable."))
    for _ in range(4):
        scene.tick()
        scene.clock.advance(60)
    assert scene.airflow.pauses[-1] == ("one", False)
    assert Reason.RUN_NOT_MADE_UP in scene.reasons


def test_more_runs_than_can_be_meant_are_left_to_a_person() -> None:
    scene = killed_behind_its_fence(minutes=120)
    scene.tick()
    assert len(scene.airflow.created) == 50
    (event,) = [event for event in scene.events if event.reason is Reason.RUN_NOT_MADE_UP]
    assert "more runs were due while it was paused" in event.message
    assert "airflow backfill create" in event.message

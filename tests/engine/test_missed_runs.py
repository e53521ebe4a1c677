"""Scheduled runs that were due while a DAG was fenced: none is lost, and each is created once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.reason import Reason, Severity
from tests.engine.crashes import Died
from tests.engine.scene import Scene

MINUTE = timedelta(minutes=1)


def due_each_minute() -> Scene:
    """``one`` and ``two`` are live and due each minute; of 1.1.0, which is pushed, both have other graphs."""
    scene = Scene()
    scene.airflow.every = MINUTE
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.publish("1.1.0", {"one": "wider: a", "two": "wider: b"})
    scene.push("1.1.0")
    return scene


def killed_behind_its_fence(minutes: float) -> Scene:
    """The tick was killed when it had paused ``one``, and so much time has passed."""
    scene = due_each_minute()
    scene.clock.advance(600 + 30 - scene.clock.now().timestamp() % 60)
    pause = scene.airflow.set_paused

    def pause_and_die(dag_id: str, paused: bool) -> None:
        pause(dag_id, paused)
        if dag_id == "one":
            scene.airflow.set_paused = pause  # type: ignore[method-assign]
            raise Died

    scene.airflow.set_paused = pause_and_die  # type: ignore[method-assign]
    with pytest.raises(Died):
        scene.tick()
    scene.clock.advance(minutes * 60)
    return scene


def due_since(scene: Scene, opened: datetime) -> list[datetime]:
    """The full minutes from a moment until now."""
    first = opened.replace(second=0, microsecond=0) + MINUTE
    return [first + n * MINUTE for n in range(1000) if first + n * MINUTE <= scene.clock.now()]


def made_up(scene: Scene, dag_id: str) -> list[datetime]:
    return [date for name, date in scene.airflow.made_up if name == dag_id]


@pytest.mark.parametrize("minutes", [3, 4.5, 10.2])
def test_a_fence_that_stood_open_costs_no_run(minutes: float) -> None:
    scene = killed_behind_its_fence(minutes)
    opened = scene.state.fences["one"].opened_at
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses[-1][1] is False
    assert made_up(scene, "one") == due_since(scene, opened)
    told = [line for event in scene.events if event.reason is Reason.RUNS_CREATED for line in event.evidence]
    assert len(told) == len(scene.airflow.made_up)
    assert all(line.startswith(("one: 2026", "two: 2026")) for line in told)


@pytest.mark.parametrize("second", [0, 10, 30, 50, 59])
def test_a_fence_as_usual_creates_nothing(second: int) -> None:
    scene = due_each_minute()
    scene.clock.advance(600 + second - scene.clock.now().timestamp() % 60)
    assert scene.tick().outcome is Outcome.APPLIED
    assert len(scene.airflow.pauses) == 4
    assert scene.airflow.made_up == []
    assert Reason.RUNS_CREATED not in scene.reasons


def test_a_crash_between_creating_and_un_pausing_creates_nothing_twice() -> None:
    scene = killed_behind_its_fence(4.5)
    opened = scene.state.fences["one"].opened_at
    create, left = scene.airflow.create_missing, [None]

    def create_and_die(dag_id: str, since: datetime, until: datetime, most: int) -> list[datetime]:
        made = list(create(dag_id, since, until, most))
        if left:
            left.pop()
            raise Died
        return made

    scene.airflow.create_missing = create_and_die  # type: ignore[method-assign, assignment]
    with pytest.raises(Died):
        scene.tick()
    scene.clock.advance(200)
    assert scene.tick().outcome is Outcome.APPLIED
    assert made_up(scene, "one") == due_since(scene, opened)


def test_what_was_created_is_told_although_the_un_pausing_failed() -> None:
    scene = killed_behind_its_fence(4.5)
    pause = scene.airflow.set_paused

    def refuse(dag_id: str, paused: bool) -> None:
        if not paused and dag_id == "one":
            raise Transient("503 Service Unavailable.")
        pause(dag_id, paused)

    scene.airflow.set_paused = refuse  # type: ignore[method-assign]
    scene.tick()
    told = [line for event in scene.events if event.reason is Reason.RUNS_CREATED for line in event.evidence]
    assert any(line.startswith("one: ") for line in told)
    scene.airflow.set_paused = pause  # type: ignore[method-assign]
    scene.clock.advance(60)
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.state.fences == {}


@pytest.mark.parametrize("error", [Terminal("403 Forbidden.", "Allow it."), Transient("503 Unavailable.")])
def test_an_airflow_that_does_not_create_them_keeps_nothing_paused_and_is_told(
    error: ReconcilerError,
) -> None:
    scene = killed_behind_its_fence(4.5)
    for _ in range(4):
        scene.airflow.fail_next("create_missing", error)
    scene.tick()
    assert {dag_id for dag_id, paused in scene.airflow.pauses if not paused} == {"one", "two"}
    assert scene.state.fences == {}
    told = [event for event in scene.events if event.reason is Reason.RUN_NOT_MADE_UP]
    assert told
    assert all(event.severity is Severity.ERROR for event in told)
    assert any(
        "one: a run that was due while it was paused may be missing" in line for line in told[0].evidence
    )


def test_more_runs_than_can_be_meant_are_left_to_a_person() -> None:
    scene = killed_behind_its_fence(120)
    scene.tick()
    assert scene.state.fences == {}
    assert made_up(scene, "one") == []
    (event,) = [event for event in scene.events if event.reason is Reason.RUN_NOT_MADE_UP]
    assert "runs of one are missing" in event.message


def test_a_dag_whose_schedule_went_away_is_not_given_runs_but_told_of() -> None:
    scene = killed_behind_its_fence(4.5)
    scene.airflow.every = None
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.made_up == []
    told = [
        line for event in scene.events if event.reason is Reason.RUN_NOT_MADE_UP for line in event.evidence
    ]
    assert any("does not mean to start it any more" in line for line in told)

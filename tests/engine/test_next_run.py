"""A DAG is not paused across a moment at which a run of it is due: first the run starts, and ends."""

from __future__ import annotations

from datetime import timedelta

from reconciler.engine.world import Outcome
from reconciler.model.observation import DagRun
from reconciler.model.reason import ConditionType, Reason
from tests.builders import EACH_MINUTE
from tests.engine.scene import Scene

HOURLY = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}


def just_before_the_hour(bodies: dict[str, str]) -> Scene:
    """1.1.0 is pushed eight seconds before runs are due; a pause would last for thirteen or more."""
    scene = Scene(calendar=HOURLY)
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.publish("1.1.0", bodies)
    scene.push("1.1.0")
    scene.clock.advance(7200 - 8 - scene.clock.now().timestamp() % 3600)
    return scene


def test_the_run_that_is_due_starts_and_ends_first() -> None:
    scene = just_before_the_hour({"one": "wider: a", "two": "B"})
    started = DagRun(dag_id="one", run_id="due", state="running", run_type="scheduled", started_at=None)
    sleep = scene.clock.sleep

    def sleep_and_start(seconds: float) -> None:
        sleep(seconds)
        if scene.clock.now().minute == 0:
            scene.airflow.set_runs(started.model_copy(update={"started_at": scene.clock.now()}))

    scene.clock.sleep = sleep_and_start  # type: ignore[method-assign]
    assert scene.tick().outcome is Outcome.WAITING
    assert scene.airflow.pauses == []
    assert Reason.SCHEDULED_RUN_IMMINENT in scene.reasons
    assert scene.state.conditions[ConditionType.QUIESCED].status is False
    assert scene.state.live["two"].pointer.release != scene.state.live["one"].pointer.release

    scene.clock.sleep = sleep  # type: ignore[method-assign]
    scene.airflow.set_runs()
    scene.clock.advance(timedelta(minutes=5).total_seconds())
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == [("one", True), ("one", False)]
    assert scene.airflow.created == []


def test_what_needs_no_pause_does_not_wait_for_the_hour() -> None:
    scene = just_before_the_hour({"one": "A", "two": "B"})
    assert scene.tick().outcome is Outcome.APPLIED
    assert scene.airflow.pauses == []

"""After each deployment it is told, once, that no run was missed; or which."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.engine.world import Outcome
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.event import Event
from reconciler.model.observation import DagRun
from reconciler.model.reason import Health, Phase, Reason, Severity
from tests.builders import EACH_MINUTE
from tests.engine.scene import ENVIRONMENT_YAML, Scene

MINUTE = timedelta(minutes=1)
DAGS = ("one", "two")
ACCOUNTS = {Reason.RUNS_ACCOUNTED, Reason.RUN_MISSED, Reason.RUNS_NOT_ACCOUNTED}


def told(scene: Scene) -> list[Event]:
    return [event for event in scene.events if event.reason in ACCOUNTS]


def each_minute(since: datetime, until: datetime) -> list[DagRun]:
    """The runs of both DAGs that Airflow started in that time."""
    first = since.replace(second=0, microsecond=0)
    minutes = [first + number * MINUTE for number in range(int((until - first) / MINUTE) + 1)]
    return [
        DagRun(
            dag_id=dag_id,
            run_id=f"{at:%H:%M}",
            state="success",
            run_type="scheduled",
            started_at=at,
            due_at=at,
        )
        for dag_id in DAGS
        for at in minutes
    ]


def deployed() -> Scene:
    """1.0.0 ran for an hour; 1.1.0 has just become live. Both DAGs are due each minute, and ran."""
    scene = Scene(calendar=EACH_MINUTE)
    scene.deploy("1.0.0", {"one": "a", "two": "b"})
    scene.clock.advance(3600)
    scene.tick()
    assert told(scene) == []  # new DAGs owe nothing
    scene.publish("1.1.0", {"one": "A", "two": "b"})
    begin = scene.clock.now()
    scene.push("1.1.0")
    assert scene.tick().outcome is Outcome.APPLIED
    scene.airflow.clocked = each_minute(begin - 10 * MINUTE, begin + 10 * MINUTE)
    return scene


def test_it_is_told_once_that_every_run_exists() -> None:
    scene = deployed()
    scene.tick()
    assert told(scene) == []
    for _ in range(4):
        scene.clock.advance(200)
        scene.tick()
    (event,) = told(scene)
    assert (event.reason, event.severity) == (Reason.RUNS_ACCOUNTED, Severity.INFO)
    assert "each of them exists" in event.message
    assert scene.airflow.calls["clock_runs"] == 1
    assert scene.state.accounting is None


def test_a_run_that_does_not_exist_calls_a_person() -> None:
    scene = deployed()
    due = scene.clock.now().replace(second=0, microsecond=0)
    scene.airflow.clocked = [run for run in scene.airflow.clocked if (run.dag_id, run.due_at) != ("two", due)]
    scene.clock.advance(200)
    scene.tick()
    (event,) = told(scene)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    assert event.evidence == (f"two: no run for {due:%Y-%m-%d %H:%M:%S} UTC",)


def test_what_is_paused_owes_nothing() -> None:
    scene = deployed()
    scene.airflow.set_paused("two", True)
    scene.airflow.clocked = [run for run in scene.airflow.clocked if run.dag_id == "one"]
    scene.clock.advance(200)
    scene.tick()
    assert [event.reason for event in told(scene)] == [Reason.RUNS_ACCOUNTED]


def test_a_dag_that_is_not_active_is_named_with_the_runs_it_missed() -> None:
    scene = deployed()
    scene.airflow.clocked = [run for run in scene.airflow.clocked if run.dag_id == "one"]
    scene.vanish("two")
    scene.clock.advance(200)
    scene.tick()
    (event,) = told(scene)
    assert (event.reason, event.severity) == (Reason.RUN_MISSED, Severity.ERROR)
    assert event.evidence[0] == "two: not active in Airflow"
    assert all(line.startswith("two: no run for") for line in event.evidence[1:])


def test_a_dag_that_is_not_active_is_named_though_it_missed_none_yet() -> None:
    scene = deployed()
    scene.vanish("two")
    scene.clock.advance(200)
    scene.tick()
    (event,) = told(scene)
    assert (event.reason, event.severity) == (Reason.RUNS_ACCOUNTED, Severity.WARNING)
    assert event.evidence == ("two: not active in Airflow",)


def test_a_dag_that_airflow_does_not_know_is_not_active() -> None:
    scene = deployed()
    dags = scene.airflow.dags
    scene.airflow.dags = lambda dag_ids: dags([one for one in dag_ids if one != "two"])  # type: ignore[method-assign]
    scene.airflow.clocked = [run for run in scene.airflow.clocked if run.dag_id == "one"]
    scene.clock.advance(200)
    scene.tick()
    (event,) = told(scene)
    assert event.evidence[0] == "two: not active in Airflow"


def test_another_deployment_meanwhile_is_accounted_for_together() -> None:
    scene = deployed()
    assert scene.state.accounting is not None
    since = scene.state.accounting.since
    scene.clock.advance(100)
    scene.deploy("1.2.0", {"one": "AA", "two": "b"})
    scene.clock.advance(100)
    scene.tick()
    assert told(scene) == []
    assert scene.state.accounting is not None
    assert scene.state.accounting.since == since
    scene.clock.advance(100)
    scene.tick()
    assert len(told(scene)) == 1


def test_a_calendar_that_changes_owes_nothing_certain() -> None:
    scene = deployed()
    scene.clock.advance(200)
    scene.tick()
    scene.calendar = EACH_MINUTE | {"timetable expressions": '["* * * * *", "0 5 * * *"]'}
    begin = scene.clock.now()
    scene.deploy("1.2.0", {"one": "AA", "two": "bb"})
    assert scene.state.accounting is not None
    assert scene.state.accounting.skipped == {"one", "two"}
    scene.airflow.clocked = each_minute(begin, begin)
    scene.clock.advance(200)
    scene.tick()
    assert len(told(scene)) == 1


def test_a_dag_that_waits_for_ever_keeps_nobody_from_hearing_of_the_others() -> None:
    scene = deployed()
    scene.clock.advance(200)
    scene.tick()
    running = DagRun(dag_id="two", run_id="r", state="running", run_type="manual", started_at=None)
    scene.airflow.set_runs(running)
    begin = scene.clock.now()
    scene.deploy("1.2.0", {"one": "AA", "two": "wider: b"})
    scene.airflow.clocked = each_minute(begin - 10 * MINUTE, begin + 60 * MINUTE)
    scene.airflow.clocked = [run for run in scene.airflow.clocked if run.dag_id == "two"]
    for _ in range(60):
        scene.clock.advance(60)
        assert scene.tick().outcome is Outcome.WAITING
    assert [event.reason for event in told(scene)] == [Reason.RUNS_ACCOUNTED, Reason.RUN_MISSED]
    assert all(line.startswith("one: no run for") for line in told(scene)[-1].evidence)
    scene.airflow.set_runs()
    scene.tick()
    assert scene.state.accounting is not None
    assert scene.state.accounting.since > begin + 57 * MINUTE


def test_a_change_that_waits_is_accounted_for_from_its_first_write_on() -> None:
    scene = deployed()
    scene.clock.advance(200)
    scene.tick()
    start = scene.clock.now().replace(tzinfo=None, microsecond=0).isoformat()
    scene.environment = (
        ENVIRONMENT_YAML
        + (
            f"policy: {{missedRuns: create, windows: {{freeze: [{{name: a, start: {start}, hours: 36}}]}}}}\n"
        ).encode()
    )
    scene.push("1.1.0", "Freeze")
    scene.tick()
    scene.deploy("1.2.0", {"one": "AA", "two": "b"})
    assert scene.state.operation is not None
    assert scene.state.operation.phase is Phase.RUNNING
    scene.clock.advance(35 * 3600)
    scene.tick()
    assert scene.state.accounting is None
    scene.clock.advance(2 * 3600)
    written = scene.clock.now()
    assert scene.tick().outcome is Outcome.APPLIED
    scene.airflow.clocked = each_minute(written - 10 * MINUTE, written + 10 * MINUTE)
    scene.clock.advance(200)
    scene.tick()
    assert told(scene)[-1].reason is Reason.RUNS_ACCOUNTED
    assert scene.airflow.made_up == []


def test_what_cannot_be_asked_now_is_asked_later() -> None:
    scene = deployed()
    scene.airflow.fail_next("clock_runs", Transient("Airflow does not answer."))
    scene.clock.advance(200)
    scene.tick()
    assert told(scene) == []
    scene.clock.advance(60)
    scene.tick()
    assert len(told(scene)) == 1


@pytest.mark.parametrize("error", [Terminal("403 Forbidden.", "Allow it."), Transient("503 Unavailable.")])
def test_what_cannot_be_asked_at_all_is_told_in_the_end_and_once(error: ReconcilerError) -> None:
    scene = deployed()
    clock_runs = scene.airflow.clock_runs

    def refuse(*_: object) -> list[DagRun]:
        raise error

    scene.airflow.clock_runs = refuse  # type: ignore[method-assign]
    scene.clock.advance(200)
    for _ in range(10):
        scene.tick()
        assert told(scene) == []
        scene.clock.advance(60)
    for _ in range(5):
        scene.tick()
        scene.clock.advance(60)
    (event,) = told(scene)
    assert (event.reason, event.severity) == (Reason.RUNS_NOT_ACCOUNTED, Severity.ERROR)
    assert "could not be found out, and it is not tried again. " + str(error) in event.message
    assert scene.state.accounting is None

    scene.airflow.clock_runs = clock_runs  # type: ignore[method-assign]
    begin = scene.clock.now()
    scene.deploy("1.2.0", {"one": "AA", "two": "b"})
    scene.airflow.clocked = each_minute(begin - 10 * MINUTE, begin + 10 * MINUTE)
    scene.clock.advance(200)
    scene.tick()
    assert told(scene)[-1].reason is Reason.RUNS_ACCOUNTED


def test_a_deployment_that_failed_is_accounted_for_too() -> None:
    scene = deployed()
    scene.clock.advance(200)
    scene.tick()
    scene.publish("1.2.0", {"one": "AA", "two": "b"})
    scene.airflow.unparsed.add("one")
    begin = scene.clock.now()
    scene.push("1.2.0")
    for _ in range(3):
        scene.tick()
        scene.clock.advance(40)
    assert scene.state.health is Health.DEGRADED
    scene.airflow.clocked = each_minute(begin - 10 * MINUTE, begin + 10 * MINUTE)
    scene.clock.advance(200)
    scene.airflow.unparsed.clear()
    scene.tick()
    assert len(told(scene)) == 2

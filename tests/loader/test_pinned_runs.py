"""Runs keep the release they started with: shown by what tasks say in a real Airflow, on each version.

The scenarios run at the same time in one Airflow per version, whose dag-processor and tasks see folders that
get releases and pointers at different moments. Each is a DAG of its own.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.airflow import start_airflow
from local.airflow_settings import AirflowConfig
from local.environments import AIRFLOW_VERSIONS
from local.postgres import start_postgres
from local.processes import free_port
from reconciler.core.pinning import PINNING_PROVEN
from tests.loader.containers import Containers, until
from tests.loader.played_dag import HELD, PlayedDag

Stage = Callable[..., PlayedDag]
Scenario = Callable[[Stage], None]
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "24",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "RECONCILER_RELEASE_WAIT_SECONDS": "3",
}


def a_run_in_flight_finishes_on_its_release_and_the_next_uses_the_new(stage: Stage) -> None:
    dag = stage()
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "first")
    dag.flip(new, last="workers")
    later = dag.start()
    dag.wait_said(later, "first")
    dag.open()
    dag.wait_state(run)
    dag.wait_state(later)
    assert dag.said(run) == [("first", "old"), ("second", "old")]
    assert dag.said(later) == [("first", "new"), ("second", "new")]
    dag.parsed(new)
    problems = dag.containers.call("GET", "importErrors")["import_errors"]
    assert not [problem for problem in problems if dag.dag_id in problem["filename"]]


def tasks_follow_their_own_folder_while_the_dag_processor_is_behind(stage: Stage) -> None:
    dag = stage()
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "first")
    dag.flip_workers_alone(new)
    later = dag.start()
    dag.wait_said(later, "first")
    assert dag.containers.tags(dag.dag_id) == {f"release:{old}"}
    dag.catch_up()
    dag.parsed(new)
    dag.open()
    dag.wait_state(run)
    dag.wait_state(later)
    assert dag.said(run) == [("first", "old"), ("second", "old")]
    assert dag.said(later) == [("first", "new"), ("second", "new")]


STUMBLES = """
@task(retries=2, retry_delay=timedelta(seconds=0))
def stumble(**context):
    say(context, "stumble")
    if context["ti"].try_number == 1:
        hold()
        raise RuntimeError("once")

stumble()
"""


def a_retry_keeps_the_release_of_its_run(stage: Stage) -> None:
    dag = stage(body=STUMBLES)
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "stumble")
    dag.flip(new)
    dag.parsed(new)
    dag.open()
    dag.wait_state(run)
    assert dag.said(run) == [("stumble", "old")] * 2


CLEARED = """
@task
def zero(**context):
    say(context, "zero")
"""


def a_task_cleared_in_a_running_run_keeps_its_release(stage: Stage) -> None:
    dag = stage(body=f"{CLEARED}\n{HELD.replace('first() >>', 'zero() >> first() >>')}")
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "first")
    started = dag.run(run)["start_date"]
    dag.flip(new, last="workers")
    dag.parsed(new)
    dag.containers.clear(dag.dag_id, run, "zero")
    dag.wait_said(run, "zero", 2)
    dag.open()
    dag.wait_state(run)
    assert dag.counted(run) == {("zero", "old"): 2, ("first", "old"): 1, ("second", "old"): 1}
    assert dag.run(run)["start_date"] == started


def a_finished_run_that_is_cleared_takes_the_current_release(stage: Stage) -> None:
    dag = stage()
    dag.open()
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    whole, part = dag.start(), dag.start()
    for run in (whole, part):
        dag.wait_state(run)
    started = dag.run(whole)["start_date"]
    dag.flip(new)
    dag.containers.clear(dag.dag_id, whole)
    dag.containers.clear(dag.dag_id, part, "second")
    before = [("first", "old"), ("second", "old")]
    for run in (whole, part):
        dag.wait_said(run, "second", 2)
        dag.wait_state(run)
    assert dag.said(whole) == [*before, ("first", "new"), ("second", "new")]
    assert dag.said(part) == [*before, ("second", "new")]
    assert dag.run(whole)["start_date"] > started


MAPPED = """
@task
def items():
    return list(range(COUNT))

@task(max_active_tis_per_dagrun=1)
def each(item, **context):
    say(context, "each")
    hold()
    return item

@task
def again(item, **context):
    say(context, "again")

again.expand(item=each.expand(item=items()))
"""


def mapped_tasks_keep_their_release_expanded_before_and_after_the_flip(stage: Stage) -> None:
    dag = stage(body=MAPPED)
    old, new = dag.release("old", count=2), dag.release("new", count=3)
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "each")
    dag.flip(new)
    dag.parsed(new)
    later = dag.start()
    dag.wait_said(later, "each")
    dag.open()
    dag.wait_state(run)
    dag.wait_state(later)
    assert dag.counted(run) == {("each", "old"): 2, ("again", "old"): 2}
    assert dag.counted(later) == {("each", "new"): 3, ("again", "new"): 3}


DEFERS = """
class Defers(BaseOperator):
    def execute(self, context):
        say(context, "before")
        trigger = FileTrigger(filepath=str(HOME / "opened"), poke_interval=0.5)
        self.defer(trigger=trigger, method_name="resume")

    def resume(self, context, event=None):
        say(context, "after")
"""


def a_deferred_task_resumes_on_its_release(stage: Stage) -> None:
    dag = stage(top=DEFERS, body="Defers(task_id='defers')")
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    until(lambda: [t["state"] for t in dag.containers.tasks(dag.dag_id, run)] == ["deferred"], "deferred")
    dag.flip(new)
    dag.parsed(new)
    dag.open()
    dag.wait_state(run)
    assert dag.said(run) == [("before", "old"), ("after", "old")]


def each_run_of_a_backfill_uses_the_release_due_at_its_start(stage: Stage) -> None:
    dag = stage(options="schedule='@daily'")
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    days = {"from_date": "2026-02-01T00:00:00Z", "to_date": "2026-02-02T00:00:00Z"}
    dag.containers.call("POST", "backfills", {"dag_id": dag.dag_id, **days, "max_active_runs": 1})
    before, after = (f"backfill__{day.replace('Z', '+00:00')}" for day in days.values())
    dag.wait_said(before, "first")
    dag.flip(new)
    dag.open()
    dag.wait_state(before)
    dag.wait_state(after)
    assert dag.said(before) == [("first", "old"), ("second", "old")]
    assert dag.said(after) == [("first", "new"), ("second", "new")]


def a_task_waits_for_its_release_and_is_retried_until_it_is_there(stage: Stage) -> None:
    dag = stage(options="schedule=None, default_args={'retries': 99, 'retry_delay': timedelta(seconds=1)}")
    dag.open()
    old, new = dag.release("old"), dag.release("new", at_workers=False)
    dag.begin(old)
    dag.flip(new)
    dag.parsed(new)
    run = dag.start()

    def first() -> dict[str, Any]:
        return next(t for t in dag.containers.tasks(dag.dag_id, run) if t["task_id"] == "first")

    def to_be_retried() -> bool:
        assert dag.said(run) == []
        return bool(first()["state"] == "up_for_retry")

    until(to_be_retried, "the task is to be retried")
    logs = dag.containers.server.config.home.rglob(f"dag_id={dag.dag_id}/**/attempt=1.log")
    assert any(f"no whole copy of _releases/{new}.tar.gz" in log.read_text() for log in logs)
    dag.containers.workers.put(new)
    dag.wait_state(run)
    assert dag.said(run) == [("first", "new"), ("second", "new")]
    assert first()["try_number"] > 1


def after_a_rollback_no_task_uses_the_bad_release(stage: Stage) -> None:
    dag = stage()
    old, bad = dag.release("old"), dag.release("bad")
    dag.begin(old)
    dag.flip(bad)
    dag.parsed(bad)
    run, restarted = dag.start(), dag.start()
    for each in (run, restarted):
        dag.wait_said(each, "first")
    dag.flip(old, instead_of=bad)
    dag.parsed(old)
    # Once to stop its task; once more because 3.0.6 would leave that in the state `restarting` for ever.
    dag.containers.clear(dag.dag_id, restarted)
    dag.containers.clear(dag.dag_id, restarted)
    dag.wait_said(restarted, "first", 2)
    later = dag.start()
    dag.wait_said(later, "first")
    dag.open()
    for each in (run, restarted, later):
        dag.wait_state(each)
    assert dag.said(run) == [("first", "bad"), ("second", "old")]
    assert dag.said(restarted) == [("first", "bad"), ("first", "old"), ("second", "old")]
    assert dag.said(later) == [("first", "old"), ("second", "old")]


FAILS = """
@task(on_failure_callback=lambda context: say(context, "task's callback"))
def fails(**context):
    say(context, "fails")
    hold()
    raise RuntimeError("on purpose")

fails()
"""


def a_dags_callback_uses_the_release_due_now_and_a_tasks_that_of_its_run(stage: Stage) -> None:
    callback = 'on_failure_callback=lambda context: say(context, "DAG\'s callback")'
    dag = stage(body=FAILS, options=f"schedule=None, {callback}")
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    run = dag.start()
    dag.wait_said(run, "fails")
    dag.flip(new, last="workers")
    dag.parsed(new)
    dag.open()
    dag.wait_said(run, "DAG's callback")
    dag.wait_state(run, "failed")
    assert dag.said(run) == [("fails", "old"), ("task's callback", "old"), ("DAG's callback", "new")]


def dags_test_uses_the_release_due_now_and_nothing_of_other_dags(stage: Stage) -> None:
    dag = stage()
    dag.open()
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    dag.flip(new)
    dag.parsed(new)
    # Else the scheduler takes the command's run for its own, if the command is slow.
    dag.containers.pause(dag.dag_id, True)
    server = dag.containers.server
    done = subprocess.run(
        [str(server.python), "-m", "airflow", "dags", "test", dag.dag_id],
        # Airflow 3.0.6 forgets the DAG folder on `sys.path` for this command alone.
        env={**server.env, "PYTHONPATH": str(server.config.worker_dags)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = {run for run, _, _ in dag.everything_said()}
    assert dag.said(run) == [("first", "new"), ("second", "new")]


def runs_that_wait_while_the_dag_is_paused_are_dated_when_they_start(stage: Stage) -> None:
    dag = stage()
    dag.open()
    old, new = dag.release("old"), dag.release("new")
    dag.begin(old)
    cleared = dag.start()
    dag.wait_state(cleared)
    dag.containers.pause(dag.dag_id, True)
    triggered = dag.start()
    dag.containers.clear(dag.dag_id, cleared)
    dag.flip(new)
    dag.parsed(new)
    for run in (triggered, cleared):
        assert (dag.run(run)["state"], dag.run(run)["start_date"]) == ("queued", None)
    unpaused = datetime.now(UTC)
    dag.containers.pause(dag.dag_id, False)
    for run in (triggered, cleared):
        dag.wait_said(run, "second", 2 if run == cleared else 1)
        dag.wait_state(run)
        assert datetime.fromisoformat(dag.run(run)["start_date"]) > unpaused - timedelta(seconds=1)
    assert dag.said(triggered) == [("first", "new"), ("second", "new")]
    assert dag.said(cleared)[2:] == [("first", "new"), ("second", "new")]


SCENARIOS: list[Scenario] = [
    a_run_in_flight_finishes_on_its_release_and_the_next_uses_the_new,
    tasks_follow_their_own_folder_while_the_dag_processor_is_behind,
    a_retry_keeps_the_release_of_its_run,
    a_task_cleared_in_a_running_run_keeps_its_release,
    a_finished_run_that_is_cleared_takes_the_current_release,
    mapped_tasks_keep_their_release_expanded_before_and_after_the_flip,
    a_deferred_task_resumes_on_its_release,
    each_run_of_a_backfill_uses_the_release_due_at_its_start,
    a_task_waits_for_its_release_and_is_retried_until_it_is_there,
    after_a_rollback_no_task_uses_the_bad_release,
    a_dags_callback_uses_the_release_due_now_and_a_tasks_that_of_its_run,
    dags_test_uses_the_release_due_now_and_nothing_of_other_dags,
    runs_that_wait_while_the_dag_is_paused_are_dated_when_they_start,
]


@pytest.fixture(scope="module")
def containers(
    airflow_version: str, versioned_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containers]:
    home = tmp_path_factory.mktemp(f"airflow-{airflow_version}")
    # Airflow on SQLite fails tasks when so many start at once.
    database = start_postgres(home / "database", free_port())
    settings = {**SETTINGS, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.url}
    folders = {"dags": home / "processor", "worker_dags": home / "workers"}
    config = AirflowConfig(
        home=home, port=free_port(), **folders, parse_interval=30, triggerer=True, extra=settings
    )
    try:
        server = start_airflow(config, versioned_python, seconds=300)
        yield Containers(server)
        server.stop()
    finally:
        database.process.stop()


@pytest.fixture(scope="module")
def played(
    containers: Containers, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Scenario, Future[None]]]:
    """All scenarios that were asked for, under way."""
    home = tmp_path_factory.mktemp("said")

    def play(scenario: Scenario) -> None:
        dag_id = f"{scenario.__name__[:24]}_{uuid.uuid4().hex[:6]}"
        scenario(lambda **dag: PlayedDag(containers, dag_id, home / dag_id, **dag))

    asked = [
        item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {scenario: pool.submit(play, scenario) for scenario in SCENARIOS if scenario in asked}


@pytest.mark.airflow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_that(scenario: Scenario, played: dict[Scenario, Future[None]]) -> None:
    played[scenario].result(timeout=600)


@pytest.mark.airflow
def test_the_airflow_that_ran_is_the_version_it_stands_for(
    containers: Containers, airflow_version: str
) -> None:
    assert containers.version == airflow_version


def test_pinning_is_called_proven_only_where_it_is_tried() -> None:
    assert set(AIRFLOW_VERSIONS) == PINNING_PROVEN

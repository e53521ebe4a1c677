"""What every Airflow port guarantees: the twin, and a real Airflow over plain HTTP and over MWAA's front."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from local.airflow import Airflow as RealAirflow
from local.httpd import Server
from local.mwaa_front import Front, handler
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.airflow_mwaa import MwaaTransport
from reconciler.adapters.memory import MemoryAirflow
from reconciler.adapters.system_clock import SystemClock
from reconciler.model.errors import Terminal
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.seen import EndedRun, Heartbeats
from reconciler.ports import Airflow
from tests.adapters.real_airflow import ask, asset_event, dag, run, tasks, until
from tests.builders import NOW

MANY = tuple(f"contract_many_{number:03}" for number in range(130))
TAGGED, PAUSED, STALE, BUSY = "contract_tagged", "contract_paused", "contract_stale", "contract_busy"
QUICK, YEARLY, ASSETS = "contract_quick", "contract_yearly", "contract_assets"
FAILS = "contract_fails"
NEW_YEAR = datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
RELEASE = "0123456789abcdef"

FILES = {
    "contract_dags.py": f"""
from airflow.sdk import DAG
for dag_id in {MANY!r}:
    globals()[dag_id] = DAG(dag_id, schedule=None, is_paused_upon_creation=False)
tagged = DAG({TAGGED!r}, schedule=None, tags=["team", "release:{RELEASE}"], is_paused_upon_creation=False)
paused = DAG({PAUSED!r}, schedule=None, is_paused_upon_creation=True)
""",
    "contract_stale.py": f"""
from airflow.sdk import DAG
stale = DAG({STALE!r}, schedule=None, is_paused_upon_creation=False)
""",
    "contract_busy.py": f"""
from airflow.sdk import dag, task
@dag(dag_id={BUSY!r}, schedule=None, max_active_runs=1, is_paused_upon_creation=False)
def busy():
    @task.sensor(mode="reschedule", poke_interval=3600, timeout=7200)
    def never():
        return False
    never()
busy()
""",
    "contract_quick.py": f"""
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.empty import EmptyOperator
asset = Asset("contract_asset")
for dag_id, schedule in (({QUICK!r}, None), ({YEARLY!r}, "0 0 1 1 *"), ({ASSETS!r}, [asset])):
    with DAG(dag_id, schedule=schedule, catchup=False, is_paused_upon_creation=False) as made:
        EmptyOperator(task_id="nothing")
    globals()[dag_id] = made
""",
    "contract_fails.py": f"""
import time
from airflow.sdk import dag, task
@dag(dag_id={FAILS!r}, schedule=None, is_paused_upon_creation=False)
def fails():
    @task(retries=1, retry_delay=0)
    def never():
        time.sleep(2)
        raise ValueError("never")
    never()
fails()
""",
    "contract_broken.py": "# airflow dag\nimport a_module_that_is_nowhere\n",
}


@dataclass
class Scene:
    """An Airflow in a known state: what is described by FILES, with one run running and one queued.

    ``lose``: let asset events happen for a DAG that is paused. ``life``: changes when a run begins anew.
    ``to_end``: wait until a run has ended.
    """

    airflow: Airflow
    lose: Callable[[str], object]
    life: Callable[[str, str], object]
    to_end: Callable[[str, str], object]
    make_busy: Callable[[str], object] | None = field(default=None)


def twin() -> Scene:
    """The same state, set by hand."""
    fake = MemoryAirflow()
    for dag_id in (*MANY, TAGGED, PAUSED, STALE, BUSY, QUICK, YEARLY, ASSETS, FAILS):
        fake.set_dag(
            AirflowDag(
                dag_id=dag_id,
                active=dag_id != STALE,
                paused=dag_id == PAUSED,
                release=RELEASE if dag_id == TAGGED else None,
                last_parsed_at=NOW,
                by_assets=dag_id == ASSETS,
                next_run_at=NEW_YEAR if dag_id == YEARLY else None,
                at_once=1 if dag_id == BUSY else None,
            )
        )
    fake.set_runs(
        DagRun(dag_id=BUSY, run_id="one", state="running", run_type="manual", started_at=NOW),
        DagRun(dag_id=BUSY, run_id="two", state="queued", run_type="manual", started_at=None, queued_at=NOW),
    )
    ended = DagRun(
        dag_id=QUICK, run_id="ended", state="success", run_type="manual", started_at=NOW, ended_at=NOW
    )
    fake.clocked.append(ended)
    fake.ended = [_ended(QUICK, "ended", "success"), _ended(FAILS, "failed", "failed")]
    fake.beats = Heartbeats(scheduler=datetime.now(UTC), dag_processor=datetime.now(UTC))
    broken = ImportProblem(file="contract_broken.py", message="No module named 'a_module…'", at=NOW)
    fake.set_import_errors(broken)
    fake.usual[QUICK] = 1.5
    return Scene(
        fake,
        lambda dag_id: fake.lose_assets(dag_id, datetime.now(UTC)),
        lambda dag_id, run_id: fake.restarted.count((dag_id, run_id)),
        lambda dag_id, run_id: None,
        fake.set_busy,
    )


def _ended(dag_id: str, run_id: str, state: str) -> EndedRun:
    """A run that took a second, just now; each failed one was tried twice."""
    now = datetime.now(UTC)
    return EndedRun(
        dag_id=dag_id,
        run_id=run_id,
        state=state,
        started_at=now - timedelta(seconds=1),
        ended_at=now,
        tries=1 if state == "failed" else 0,
    )


def over(real: RealAirflow, airflow: Airflow) -> Scene:
    """A real Airflow, asked by ``airflow``."""
    return Scene(
        airflow,
        lambda dag_id: asset_event(real, "contract_asset"),
        lambda dag_id, run_id: {name: task["id"] for name, task in tasks(real, dag_id, run_id).items()},
        lambda dag_id, run_id: until(lambda: run(real, dag_id, run_id)["state"] in ("success", "failed")),
    )


@pytest.fixture(scope="module")
def staged(airflow_server: RealAirflow) -> Iterator[RealAirflow]:
    """The real Airflow, in the state that FILES describes."""
    real, folder = airflow_server, airflow_server.config.dags
    for name, text in FILES.items():
        (folder / name).write_text(text)
    wanted = (MANY[-1], TAGGED, PAUSED, STALE, BUSY, QUICK, YEARLY, ASSETS, FAILS)
    until(lambda: all(dag(real, dag_id) for dag_id in wanted))
    until(lambda: ask(real, "GET", "/importErrors")["total_entries"] == 1)
    for run_id, state in (("one", "running"), ("two", "queued")):
        ask(real, "POST", f"/dags/{BUSY}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        # One after the other: which of the two the scheduler starts first must be certain.
        until(lambda: run(real, BUSY, run_id)["state"] == state)  # noqa: B023
    ask(real, "POST", f"/dags/{QUICK}/dagRuns", {"dag_run_id": "ended", "logical_date": None})
    ask(real, "POST", f"/dags/{FAILS}/dagRuns", {"dag_run_id": "failed", "logical_date": None})
    until(lambda: run(real, QUICK, "ended")["state"] == "success")
    until(lambda: run(real, FAILS, "failed")["state"] == "failed")
    (folder / "contract_stale.py").unlink()
    until(lambda: dag(real, STALE)["is_stale"])
    yield real
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def over_mwaa(real: RealAirflow, home: Path) -> Iterator[Scene]:
    """The real Airflow behind MWAA's front, asked through real boto3."""
    known = {"dev-airflow": {"airflow": real.url, "bucket": "dev-airflow", "version": "3.0.6"}}
    (home / "environments.json").write_text(json.dumps(known))
    server = Server(0, handler(Front(home / "environments.json")))
    server.start()
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
    )
    client = session.client(
        "mwaa",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        config=Config(inject_host_prefix=False, retries={"mode": "standard", "total_max_attempts": 6}),
    )
    clock = SystemClock()
    scene = over(real, AirflowClient(MwaaTransport(client, "dev-airflow"), clock))
    scene.make_busy = (home / "dev-airflow.status").write_text
    yield scene
    server.shutdown()
    server.server_close()


@pytest.fixture(
    params=[
        "twin",
        pytest.param("http", marks=pytest.mark.airflow),
        pytest.param("mwaa", marks=pytest.mark.airflow),
    ]
)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "twin":
        yield twin()
    elif request.param == "http":
        real = request.getfixturevalue("staged")
        yield over(real, AirflowClient(HttpTransport(real.url), SystemClock()))
    else:
        yield from over_mwaa(request.getfixturevalue("staged"), tmp_path)


def test_the_dags_asked_for_are_told_and_no_others(scene: Scene) -> None:
    found = scene.airflow.dags([TAGGED, PAUSED, "contract_unknown"])
    assert set(found) == {TAGGED, PAUSED}
    assert set(scene.airflow.dags([])) == set()
    assert set(scene.airflow.dags(["contract"])) == set()


def test_a_dag_tells_its_release_and_when_it_was_parsed(scene: Scene) -> None:
    dag = scene.airflow.dags([TAGGED])[TAGGED]
    assert (dag.active, dag.paused, dag.release) == (True, False, RELEASE)
    assert dag.last_parsed_at is not None
    assert dag.last_parsed_at.tzinfo is UTC


def test_a_paused_dag_is_told_from_one_that_vanished(scene: Scene) -> None:
    found = scene.airflow.dags([PAUSED, STALE])
    assert (found[PAUSED].active, found[PAUSED].paused) == (True, True)
    assert (found[STALE].active, found[STALE].paused) == (False, False)
    assert found[PAUSED].release is None


def test_more_dags_than_a_page_are_all_told(scene: Scene) -> None:
    found = scene.airflow.dags([*MANY, TAGGED, STALE])
    assert set(found) == {*MANY, TAGGED, STALE}
    assert not found[STALE].active


def test_running_and_queued_runs_are_in_flight(scene: Scene) -> None:
    runs = {run.run_id: run for run in scene.airflow.active_runs([BUSY, TAGGED])}
    assert {run_id: run.state for run_id, run in runs.items()} == {"one": "running", "two": "queued"}
    assert {run.dag_id for run in runs.values()} == {BUSY}
    assert {run.run_type for run in runs.values()} == {"manual"}
    assert runs["one"].started_at is not None
    assert runs["two"].started_at is None


def test_runs_of_other_dags_do_not_count(scene: Scene) -> None:
    assert list(scene.airflow.active_runs([TAGGED])) == []
    assert list(scene.airflow.active_runs([])) == []
    assert len(scene.airflow.active_runs([*MANY, BUSY])) == 2


def test_a_file_that_cannot_be_imported_is_named_with_its_reason(scene: Scene) -> None:
    (problem,) = scene.airflow.import_errors()
    assert problem.file.endswith("contract_broken.py")
    assert "No module named 'a_module" in problem.message
    assert "\n" not in problem.message
    assert problem.at is not None
    assert problem.at.tzinfo is UTC


def test_an_environment_that_is_being_updated_is_busy(scene: Scene) -> None:
    assert scene.airflow.busy() is None
    if scene.make_busy:
        scene.make_busy("UPDATING")
        assert "UPDATING" in (scene.airflow.busy() or "")


def test_a_dag_tells_what_starts_its_runs(scene: Scene) -> None:
    found = scene.airflow.dags([TAGGED, YEARLY, ASSETS])
    assert {dag_id: dag.by_assets for dag_id, dag in found.items()} == {
        TAGGED: False,
        YEARLY: False,
        ASSETS: True,
    }
    assert {dag_id: dag.next_run_at for dag_id, dag in found.items()} == {
        TAGGED: None,
        YEARLY: NEW_YEAR,
        ASSETS: None,
    }


def test_settings_are_told_by_section_and_name_if_at_all(scene: Scene) -> None:
    options = scene.airflow.options()
    assert options is None or all("." in name for name in options)


def test_how_long_runs_take_is_known_where_some_ended_well(scene: Scene) -> None:
    assert scene.airflow.usual_seconds(BUSY) is None
    seconds = scene.airflow.usual_seconds(QUICK)
    assert seconds is not None
    assert 0 <= seconds < 120


def test_runs_that_the_clock_did_not_start_are_not_the_clocks(scene: Scene) -> None:
    now = datetime.now(UTC)
    assert list(scene.airflow.clock_runs([], now - timedelta(days=9), now)) == []
    assert list(scene.airflow.clock_runs([BUSY, QUICK, YEARLY], now - timedelta(days=9), now)) == []


def test_runs_that_were_in_flight_at_some_time_are_told_with_their_ends(scene: Scene) -> None:
    before, after = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    found = {run.run_id: run for run in scene.airflow.runs_between([BUSY, QUICK, YEARLY], before, after)}
    assert found.keys() >= {"one", "two", "ended"}
    for run_id in ("one", "two"):
        assert found[run_id].in_flight_from is not None
        assert found[run_id].ended_at is None
    assert (found["ended"].state, found["ended"].run_type) == ("success", "manual")
    begun, ended = found["ended"].in_flight_from, found["ended"].ended_at
    assert begun is not None
    assert ended is not None
    assert begun <= ended
    assert "ended" not in {run.run_id for run in scene.airflow.runs_between([QUICK], after, after)}
    assert list(scene.airflow.runs_between([BUSY, QUICK], before, before)) == []
    assert list(scene.airflow.runs_between([], before, after)) == []


def test_how_many_runs_may_be_in_flight_is_told(scene: Scene) -> None:
    assert scene.airflow.dags([BUSY])[BUSY].at_once == 1


def test_what_has_no_schedule_misses_no_runs(scene: Scene) -> None:
    now = datetime.now(UTC)
    with pytest.raises(Terminal, match="schedule"):
        scene.airflow.create_missing(TAGGED, now - timedelta(hours=1), now, 50)


def test_a_dag_is_paused_and_un_paused_however_often(scene: Scene) -> None:
    for paused in (True, True, False, False):
        scene.airflow.set_paused(TAGGED, paused)
        found = scene.airflow.dags([TAGGED, PAUSED, QUICK])
        assert {dag_id: dag.paused for dag_id, dag in found.items()} == {
            TAGGED: paused,
            PAUSED: True,
            QUICK: False,
        }


def test_a_dag_that_airflow_does_not_know_is_paused_without_harm(scene: Scene) -> None:
    scene.airflow.set_paused("contract_unknown", True)
    assert set(scene.airflow.dags(["contract_unknown"])) == set()


def test_a_run_is_created_once_and_waits_while_its_dag_is_paused(scene: Scene) -> None:
    for _ in range(2):
        scene.airflow.create_run(PAUSED, "made")
    (run,) = scene.airflow.active_runs([PAUSED])
    assert (run.run_id, run.state, run.run_type, run.started_at) == ("made", "queued", "manual", None)


def test_a_run_in_flight_begins_anew(scene: Scene) -> None:
    before = scene.life(BUSY, "one"), scene.life(BUSY, "two")
    scene.airflow.set_paused(BUSY, True)
    scene.airflow.restart_run(BUSY, "one")
    assert (scene.life(BUSY, "one") == before[0], scene.life(BUSY, "two") == before[1]) == (False, True)
    runs = {run.run_id: run.state for run in scene.airflow.active_runs([BUSY])}
    assert runs == {"one": "running", "two": "queued"}
    scene.airflow.set_paused(BUSY, False)


def test_a_run_that_ended_is_left_alone(scene: Scene) -> None:
    before = scene.life(QUICK, "ended")
    scene.airflow.restart_run(QUICK, "ended")
    assert scene.life(QUICK, "ended") == before
    assert list(scene.airflow.active_runs([QUICK])) == []


def test_a_run_that_is_gone_is_restarted_without_harm(scene: Scene) -> None:
    scene.airflow.restart_run(BUSY, "gone")
    scene.airflow.restart_run("contract_unknown", "gone")
    assert {run.run_id for run in scene.airflow.active_runs([BUSY])} == {"one", "two"}


def test_what_a_pause_swallowed_is_owed(scene: Scene) -> None:
    paused_at = datetime.now(UTC)
    scene.airflow.set_paused(ASSETS, True)
    assert not scene.airflow.owed_by_assets(ASSETS, paused_at, datetime.now(UTC))
    scene.lose(ASSETS)
    now = datetime.now(UTC)
    assert scene.airflow.owed_by_assets(ASSETS, paused_at, now)
    assert not scene.airflow.owed_by_assets(ASSETS, now, now + timedelta(minutes=1))
    assert not scene.airflow.owed_by_assets(ASSETS, paused_at - timedelta(milliseconds=1), paused_at)
    scene.airflow.set_paused(ASSETS, False)


def test_a_dag_that_no_assets_start_is_owed_nothing(scene: Scene) -> None:
    now = datetime.now(UTC)
    for dag_id in (TAGGED, YEARLY, "contract_unknown"):
        assert not scene.airflow.owed_by_assets(dag_id, now - timedelta(days=1), now)


LONG_AGO, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def test_runs_that_ended_are_told_with_how_they_ended(scene: Scene) -> None:
    scene.to_end(FAILS, "failed")
    runs = scene.airflow.ended_runs([QUICK, FAILS, BUSY], LONG_AGO, LATER, 10)
    assert {run.run_id: run.state for run in runs} == {"ended": "success", "failed": "failed"}
    assert [run.ended_at for run in runs] == sorted(run.ended_at for run in runs)
    assert all(run.started_at.tzinfo is UTC and 0 <= run.seconds < 120 for run in runs)
    assert {run.tries for run in runs} == {None}


def test_only_so_many_runs_of_a_time_and_of_the_dags_are_told(scene: Scene) -> None:
    scene.to_end(FAILS, "failed")
    (run,) = scene.airflow.ended_runs([QUICK], LONG_AGO, LATER, 1)
    assert run.run_id == "ended"
    assert [one.run_id for one in scene.airflow.ended_runs([QUICK], run.ended_at, run.ended_at, 1)] == [
        "ended"
    ]
    second = timedelta(seconds=1)
    assert list(scene.airflow.ended_runs([QUICK], run.ended_at + second, LATER, 1)) == []
    assert list(scene.airflow.ended_runs([QUICK], LONG_AGO, run.ended_at - second, 1)) == []
    assert list(scene.airflow.ended_runs([], LONG_AGO, LATER, 1)) == []


def test_how_often_tasks_were_tried_again_is_told(scene: Scene) -> None:
    scene.to_end(FAILS, "failed")
    assert scene.airflow.tries(FAILS, "failed") % 2 == 1, "once, and twice more each time it is cleared"
    assert scene.airflow.tries(QUICK, "ended") == 0
    assert scene.airflow.tries(FAILS, "gone") == 0


def test_airflows_parts_give_signs_of_life(scene: Scene) -> None:
    beats, now = scene.airflow.heartbeats(), datetime.now(UTC)
    for beat in (beats.scheduler, beats.dag_processor):
        assert beat is not None
        assert beat.tzinfo is UTC
        assert abs((now - beat).total_seconds()) < 60
    assert beats.triggerer is None


def test_a_failed_run_runs_again_once_it_is_cleared(scene: Scene) -> None:
    scene.to_end(FAILS, "failed")
    assert scene.airflow.clear_failed(FAILS, "failed")
    assert not scene.airflow.clear_failed(FAILS, "failed"), "it is in flight"
    assert {run.run_id for run in scene.airflow.active_runs([FAILS])} == {"failed"}
    assert list(scene.airflow.ended_runs([FAILS], LONG_AGO, LATER, 10)) == []


def test_what_did_not_fail_or_is_gone_is_not_cleared(scene: Scene) -> None:
    for dag_id, run_id in ((QUICK, "ended"), (BUSY, "one"), (FAILS, "gone"), ("contract_unknown", "gone")):
        before = scene.life(dag_id, run_id) if run_id != "gone" else None
        assert not scene.airflow.clear_failed(dag_id, run_id)
        assert before == (scene.life(dag_id, run_id) if run_id != "gone" else None)

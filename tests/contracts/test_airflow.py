"""What every Airflow port guarantees: the twin, and a real Airflow over plain HTTP and over MWAA's front."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

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
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.ports import Airflow
from tests.builders import NOW

MANY = tuple(f"contract_many_{number:03}" for number in range(130))
TAGGED, PAUSED, STALE, BUSY = "contract_tagged", "contract_paused", "contract_stale", "contract_busy"
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
    "contract_broken.py": "# airflow dag\nimport a_module_that_is_nowhere\n",
}


@dataclass
class Scene:
    """An Airflow in a known state: what is described by FILES, with one run running and one queued."""

    airflow: Airflow
    make_busy: Callable[[str], object] | None = field(default=None)


def twin() -> Scene:
    """The same state, set by hand."""
    fake = MemoryAirflow()
    for dag_id in (*MANY, TAGGED, PAUSED, STALE, BUSY):
        fake.set_dag(
            AirflowDag(
                dag_id=dag_id,
                active=dag_id != STALE,
                paused=dag_id == PAUSED,
                release=RELEASE if dag_id == TAGGED else None,
                last_parsed_at=NOW,
            )
        )
    fake.set_runs(
        DagRun(dag_id=BUSY, run_id="one", state="running", run_type="manual", started_at=NOW),
        DagRun(dag_id=BUSY, run_id="two", state="queued", run_type="manual", started_at=None),
    )
    fake.set_import_errors(ImportProblem(file="contract_broken.py", message="No module named 'a_module…'"))
    return Scene(fake, fake.set_busy)


def ask(real: RealAirflow, method: str, path: str, body: Any = None) -> Any:
    """One call of the real Airflow's API, past our own client."""
    request = urllib.request.Request(
        f"{real.url}/api/v2{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {real.token()}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


def until(seen: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "Airflow did not come to the state that the test needs"
        time.sleep(0.25)


@pytest.fixture(scope="module")
def staged(airflow_server: RealAirflow) -> Iterator[RealAirflow]:
    """The real Airflow, in the state that FILES describes."""
    real, folder = airflow_server, airflow_server.config.dags
    for name, text in FILES.items():
        (folder / name).write_text(text)

    def dag(dag_id: str) -> dict[str, Any]:
        listed = ask(real, "GET", f"/dags?exclude_stale=false&dag_id_pattern={dag_id}")["dags"]
        return next((one for one in listed if one["dag_id"] == dag_id), {})

    until(lambda: all(dag(dag_id) for dag_id in (MANY[-1], TAGGED, PAUSED, STALE, BUSY)))
    until(lambda: ask(real, "GET", "/importErrors")["total_entries"] == 1)
    for run_id in ("one", "two"):
        ask(real, "POST", f"/dags/{BUSY}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        # One after the other: which of the two the scheduler starts first must be certain.
        wanted = {"one": "running", "two": "queued"}[run_id]
        until(lambda: ask(real, "GET", f"/dags/{BUSY}/dagRuns/{run_id}")["state"] == wanted)  # noqa: B023
    (folder / "contract_stale.py").unlink()
    until(lambda: dag(STALE)["is_stale"])
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
    yield Scene(
        AirflowClient(MwaaTransport(client, "dev-airflow"), clock),
        (home / "dev-airflow.status").write_text,
    )
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
        url = request.getfixturevalue("staged").url
        yield Scene(AirflowClient(HttpTransport(url), SystemClock()))
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


def test_an_environment_that_is_being_updated_is_busy(scene: Scene) -> None:
    assert scene.airflow.busy() is None
    if scene.make_busy:
        scene.make_busy("UPDATING")
        assert "UPDATING" in (scene.airflow.busy() or "")

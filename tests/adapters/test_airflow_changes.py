"""What Airflow's answers to a change mean: done, done already, to be repeated, or a matter for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.adapters.airflow_client import PAUSES, AirflowClient
from reconciler.adapters.airflow_transport import Answer, Request
from reconciler.adapters.memory import MemoryClock
from reconciler.model.environment import MAX_DAG_ID, MAX_PATH
from reconciler.model.errors import Terminal, Transient
from tests.adapters.mwaa_stub import Mwaa, dag_row, run_row, task_row
from tests.builders import NOW

CHANGES: dict[str, tuple[Callable[[AirflowClient], None], int]] = {
    "pause": (lambda airflow: airflow.set_paused("loads", True), 404),
    "restart": (lambda airflow: airflow.restart_run("loads", "one"), 404),
    "create": (lambda airflow: airflow.create_run("loads", "one"), 409),
}
"""Each change with the status that says that nothing is left to do."""


def before(mwaa: Mwaa, change: str) -> None:
    """What a change asks before it changes something."""
    if change == "restart":
        mwaa.answers({"dag_runs": [run_row("loads", "one")], "total_entries": 1})


def after(mwaa: Mwaa, change: str) -> None:
    """What creating a run does after it: find the run that was there, use up what is queued for it."""
    if change == "create":
        mwaa.answers({"dag_runs": [run_row("loads", "one")], "total_entries": 1})
        mwaa.airflow_refuses(404)


def test_a_pause_travels_with_the_dag_in_its_path(mwaa: Mwaa) -> None:
    expected = {
        "Name": "prod-airflow",
        "Path": "/dags/loads",
        "Method": "PATCH",
        "Body": {"is_paused": True},
    }
    answer = {"RestApiStatusCode": 200, "RestApiResponse": dag_row("loads")}
    mwaa.stub.add_response("invoke_rest_api", answer, expected)
    mwaa.airflow.set_paused("loads", True)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_done_already_is_done(mwaa: Mwaa, change: str) -> None:
    make, done = CHANGES[change]
    before(mwaa, change)
    mwaa.airflow_refuses(done)
    after(mwaa, change)
    make(mwaa.airflow)
    assert mwaa.clock.slept == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_repeated_when_its_answer_was_lost(mwaa: Mwaa, change: str, status: int) -> None:
    make, done = CHANGES[change]
    before(mwaa, change)
    mwaa.airflow_refuses(status)
    mwaa.mwaa_refuses("ThrottlingException", 429)
    mwaa.airflow_refuses(done)
    after(mwaa, change)
    make(mwaa.airflow)
    assert mwaa.clock.slept == list(PAUSES)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_never_gets_through_is_left_to_a_later_tick(mwaa: Mwaa, change: str) -> None:
    before(mwaa, change)
    for _ in range(3):
        mwaa.airflow_refuses(503, "starting")
    with pytest.raises(Transient, match=r"503.*starting"):
        CHANGES[change][0](mwaa.airflow)


@pytest.mark.parametrize(("status", "said"), [(400, "because"), (401, "pause DAGs"), (403, "clear tasks")])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_refused_is_a_matter_for_a_person(
    mwaa: Mwaa, change: str, status: int, said: str
) -> None:
    before(mwaa, change)
    mwaa.airflow_refuses(status, "because")
    with pytest.raises(Terminal, match=said):
        CHANGES[change][0](mwaa.airflow)
    assert mwaa.clock.slept == []


@pytest.mark.parametrize(("change", "status"), [("pause", 409), ("restart", 409), ("create", 404)])
def test_no_other_refusal_counts_as_done(mwaa: Mwaa, change: str, status: int) -> None:
    before(mwaa, change)
    mwaa.airflow_refuses(status)
    with pytest.raises(Terminal, match=str(status)):
        CHANGES[change][0](mwaa.airflow)


def test_a_run_whose_tasks_keep_starting_is_not_said_to_be_restarted(mwaa: Mwaa) -> None:
    before(mwaa, "restart")
    for state in ("running", "restarting", "restarting", "restarting"):
        mwaa.answers({"task_instances": [task_row("loads", "one", state)], "total_entries": 1})
    with pytest.raises(Transient, match=r"run one of DAG loads start while it is being restarted"):
        mwaa.airflow.restart_run("loads", "one")


class Everything:
    """An Airflow in which there is something of everything; remembers which paths it was asked."""

    name = "the Airflow"

    def __init__(self, dag_id: str) -> None:
        self.paths: set[str] = set()
        asset = {"asset": {"id": 1, "name": "a", "uri": "a"}}
        details = {"catchup": False, "concurrency": 1, "render_template_as_native_obj": False}
        self._answers: dict[str, Any] = {
            f"/dags/{dag_id}": dag_row(dag_id),
            f"/dags/{dag_id}/details": {**dag_row(dag_id), **details, "asset_expression": asset},
            "/dags/~/dagRuns/list": {"dag_runs": [run_row(dag_id, "one")], "total_entries": 1},
            "/assets/events": {"asset_events": [], "total_entries": 1},
        }
        self._tasks = {"task_instances": [task_row(dag_id, "one", None)], "total_entries": 1}

    def send(self, request: Request) -> Answer:
        self.paths.add(request.path)
        if request.path.endswith("/clearTaskInstances"):
            return Answer(200, json.dumps(self._tasks).encode())
        if request.path == "/backfills/dry_run":
            return Answer(200, json.dumps({"backfills": [], "total_entries": 0}).encode())
        if request.path.endswith("/queuedEvents"):
            return Answer(204, b"") if request.method == "DELETE" else Answer(404, b"")
        if request.path.endswith("/dagRuns"):
            made = run_row("d", "one")
            listed = {"dag_runs": [], "total_entries": 0}
            return Answer(200, json.dumps(made if request.method == "POST" else listed).encode())
        return Answer(200, json.dumps(self._answers[request.path]).encode())

    def busy(self) -> str | None:
        return None


def test_every_path_fits_mwaa_if_the_dag_id_has_38_characters() -> None:
    dag_id = "d" * MAX_DAG_ID
    everything = Everything(dag_id)
    airflow = AirflowClient(everything, MemoryClock())
    airflow.set_paused(dag_id, True)
    airflow.restart_run(dag_id, "one")
    airflow.create_run(dag_id, "one")
    assert airflow.owed_by_assets(dag_id, NOW, NOW)
    assert airflow.create_missing(dag_id, NOW, NOW, 1) == ()
    assert {path.replace(dag_id, "ID") for path in everything.paths} == {
        "/dags/ID",
        "/dags/~/dagRuns/list",
        "/dags/ID/clearTaskInstances",
        "/dags/ID/dagRuns",
        "/dags/ID/assets/queuedEvents",
        "/dags/ID/details",
        "/backfills/dry_run",
        "/assets/events",
    }
    assert max(len(path) for path in everything.paths) == MAX_PATH


def test_a_dag_id_that_does_not_fit_is_named(mwaa: Mwaa) -> None:
    with pytest.raises(Terminal, match=r"DAG id x{60} is too long for MWAA.*Rename the DAG"):
        mwaa.airflow.set_paused("x" * 60, True)

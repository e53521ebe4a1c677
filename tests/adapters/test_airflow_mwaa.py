"""Airflow's API through MWAA: what the service's answers mean."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.adapters.airflow_client import PAUSES, AirflowClient
from reconciler.adapters.airflow_mwaa import MwaaTransport
from reconciler.adapters.airflow_transport import Answer, Request
from reconciler.adapters.aws_session import config
from reconciler.adapters.memory import MemoryClock
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from tests.adapters.mwaa_stub import NO_ERRORS, Mwaa


def test_the_path_goes_without_the_api_version_and_the_query_as_a_document(mwaa: Mwaa) -> None:
    expected = {
        "Name": "prod-airflow",
        "Path": "/importErrors",
        "Method": "GET",
        "QueryParameters": {"limit": "100", "offset": "0", "order_by": "import_error_id"},
    }
    mwaa.stub.add_response(
        "invoke_rest_api", {"RestApiStatusCode": 200, "RestApiResponse": NO_ERRORS}, expected
    )
    assert list(mwaa.airflow.import_errors()) == []


def test_questions_with_many_dags_travel_in_the_body(mwaa: Mwaa) -> None:
    dag_ids = [f"a_rather_long_dag_id_{'x' * 100}_{number}" for number in range(300)]
    expected = {
        "Name": "prod-airflow",
        "Path": "/dags/~/dagRuns/list",
        "Method": "POST",
        "Body": {
            "dag_ids": sorted(dag_ids),
            "states": ["queued", "running"],
            "order_by": "id",
            "page_limit": 100,
            "page_offset": 0,
        },
    }
    answer = {"RestApiStatusCode": 200, "RestApiResponse": {"dag_runs": [], "total_entries": 0}}
    mwaa.stub.add_response("invoke_rest_api", answer, expected)
    assert list(mwaa.airflow.active_runs(dag_ids)) == []


def test_a_path_longer_than_mwaa_takes_is_never_sent(mwaa: Mwaa) -> None:
    with pytest.raises(Terminal, match=r"DAG id x{59} is too long for MWAA.*65 characters.*Rename"):
        mwaa.transport.send(Request("GET", "/dags/" + "x" * 59, {}))
    mwaa.answers({})
    assert mwaa.transport.send(Request("GET", "/dags/" + "x" * 58, {})) == Answer(200, b"{}")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again_after_a_pause(mwaa: Mwaa, status: int) -> None:
    mwaa.airflow_refuses(status)
    mwaa.airflow_refuses(status)
    mwaa.answers(NO_ERRORS)
    assert list(mwaa.airflow.import_errors()) == []
    assert mwaa.clock.slept == list(PAUSES)


def test_boto_asks_once_so_that_tries_do_not_multiply() -> None:
    """An endpoint that takes connections and hangs; boto3's own retries would make twelve of three."""
    quick = config("mwaa").merge(Config(read_timeout=0.2, inject_host_prefix=False))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        boto = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        ).client("mwaa", endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}", config=quick)
        with pytest.raises(Transient, match="did not answer airflow:InvokeRestApi"):
            AirflowClient(MwaaTransport(boto, "prod-airflow"), MemoryClock()).import_errors()
        silent.setblocking(False)
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                taken += 1
    assert taken == len(PAUSES) + 1


@pytest.mark.parametrize("question", ["import_errors", "busy", "options"])
def test_a_question_to_an_airflow_that_hangs_takes_forty_seconds_at_most(question: str) -> None:
    clock = MemoryClock()
    limits: Any = config("mwaa")
    once = limits.connect_timeout + limits.read_timeout

    class Hanging:
        name = "the Airflow"

        def send(self, request: Request) -> Answer:
            clock.advance(once)
            raise Transient("no answer")

        def options(self) -> None:
            self.send(Request("GET", "/", {}))

        def busy(self) -> str | None:
            self.send(Request("GET", "/", {}))
            return None

    begun = clock.now()
    with pytest.raises(Transient):
        getattr(AirflowClient(Hanging(), clock), question)()
    assert once < (clock.now() - begun).total_seconds() <= 40


def test_a_status_that_is_not_told_is_asked_for_again(mwaa: Mwaa) -> None:
    mwaa.stub.add_client_error("get_environment", "ThrottlingException", "slower", 429)
    mwaa.stub.add_response("get_environment", {"Environment": {"Status": "AVAILABLE"}})
    assert mwaa.airflow.busy() is None
    assert mwaa.clock.slept == [PAUSES[0]]


def test_what_does_not_pass_in_three_tries_is_left_to_a_later_tick(mwaa: Mwaa) -> None:
    for _ in range(3):
        mwaa.airflow_refuses(503, "starting")
    with pytest.raises(Transient, match=r"503.*starting"):
        mwaa.airflow.import_errors()


@pytest.mark.parametrize(
    ("status", "said"), [(401, "Airflow role"), (403, "Airflow role"), (404, "airflow.version")]
)
def test_a_refusal_of_airflow_is_not_tried_again(mwaa: Mwaa, status: int, said: str) -> None:
    mwaa.airflow_refuses(status)
    with pytest.raises(Terminal, match=said):
        mwaa.airflow.import_errors()
    assert mwaa.clock.slept == []


@pytest.mark.parametrize(
    ("code", "status", "kind", "said"),
    [
        ("AccessDeniedException", 403, Terminal, "airflow:InvokeRestApi"),
        ("ResourceNotFoundException", 404, Terminal, "prod-airflow does not exist"),
    ],
)
def test_a_refusal_of_mwaa_names_the_remedy(
    mwaa: Mwaa, code: str, status: int, kind: type[ReconcilerError], said: str
) -> None:
    mwaa.mwaa_refuses(code, status)
    with pytest.raises(kind, match=said):
        mwaa.airflow.import_errors()


def test_a_throttled_service_passes(mwaa: Mwaa) -> None:
    mwaa.mwaa_refuses("ThrottlingException", 429)
    mwaa.answers(NO_ERRORS)
    assert list(mwaa.airflow.import_errors()) == []


def test_an_answer_that_the_client_cannot_read_is_a_matter_for_a_person(mwaa: Mwaa) -> None:
    mwaa.answers({"import_errors": [{"surprise": True}], "total_entries": 1})
    with pytest.raises(Terminal, match=r"airflow\.version"):
        mwaa.airflow.import_errors()


@pytest.mark.parametrize(
    "status", ["UPDATING", "MAINTENANCE", "CREATING_SNAPSHOT", "ROLLING_BACK", "UNAVAILABLE"]
)
def test_an_environment_at_work_is_busy(mwaa: Mwaa, status: str) -> None:
    mwaa.stub.add_response("get_environment", {"Environment": {"Status": status}}, {"Name": "prod-airflow"})
    assert mwaa.airflow.busy() == f"MWAA environment prod-airflow is {status}"


@pytest.mark.parametrize("status", ["AVAILABLE", "UPDATE_FAILED"])
def test_an_environment_that_is_ready_is_not_busy(mwaa: Mwaa, status: str) -> None:
    mwaa.stub.add_response("get_environment", {"Environment": {"Status": status}})
    assert mwaa.airflow.busy() is None


def test_a_denied_status_names_its_own_action(mwaa: Mwaa) -> None:
    mwaa.stub.add_client_error("get_environment", "AccessDeniedException", "no", 403)
    with pytest.raises(Terminal, match="airflow:GetEnvironment"):
        mwaa.airflow.busy()


def test_what_was_set_for_the_environment_is_told(mwaa: Mwaa) -> None:
    set_here = {"dag_processor.refresh_interval": "30"}
    mwaa.stub.add_response("get_environment", {"Environment": {"AirflowConfigurationOptions": set_here}})
    mwaa.stub.add_response("get_environment", {"Environment": {}})
    assert mwaa.airflow.options() == set_here
    assert mwaa.airflow.options() == {}

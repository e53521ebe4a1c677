"""Real boto3 meets MWAA's limits at the front; a stand-in plays Airflow so that each limit can be reached."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import mwaa_front
from local.aws import client
from local.httpd import Handler, Server
from local.mwaa_limits import BYTES, Throttle, refuse, within_a_page

TOKEN = "good"


class StandIn(Handler):
    """Answers as Airflow would: a token, what it was asked, or an error."""

    def do_GET(self) -> None:
        if self.path == "/auth/token":
            return self.reply_json(201, {"access_token": TOKEN})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply_json(401, {"detail": "no"})
        if "missing" in self.path:
            return self.reply_json(404, {"detail": "not there"})
        if "huge" in self.path:
            return self.reply(200, b"x" * (BYTES + 1))
        return self.reply_json(200, {"path": self.path})

    def do_PATCH(self) -> None:
        self.reply_json(200, {"path": self.path, "body": json.loads(self.body())})

    def do_DELETE(self) -> None:
        self.reply(204)


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Calls `invoke_rest_api` on environment `dev` of a front whose Airflow is the stand-in."""
    airflow = Server(0, StandIn)
    file = tmp_path / "environments.json"
    here = {"airflow": f"http://127.0.0.1:{airflow.server_port}", "bucket": "dags-of-dev", "version": "3.0.6"}
    file.write_text(json.dumps({"dev": here}))
    server = Server(0, mwaa_front.handler(mwaa_front.Front(file)))
    airflow.start()
    server.start()
    mwaa = client("mwaa", f"http://127.0.0.1:{server.server_port}")

    def call(path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
        return dict(mwaa.invoke_rest_api(Name="dev", Path=path, Method=method, **more))

    call.mwaa = mwaa  # type: ignore[attr-defined]
    call.folder = tmp_path  # type: ignore[attr-defined]
    yield call
    mwaa.close()
    for listening in (server, airflow):
        listening.shutdown()
        listening.server_close()


def test_an_environment_says_where_its_dags_come_from(front: Any) -> None:
    found = front.mwaa.get_environment(Name="dev")["Environment"]
    assert found["Status"] == "AVAILABLE"
    assert found["AirflowVersion"] == "3.0.6"
    assert found["SourceBucketArn"] == "arn:aws:s3:::dags-of-dev"


def test_an_environment_can_be_made_busy(front: Any) -> None:
    (front.folder / "dev.status").write_text("UPDATING")
    assert front.mwaa.get_environment(Name="dev")["Environment"]["Status"] == "UPDATING"


def test_an_unknown_environment_is_not_found(front: Any) -> None:
    with pytest.raises(front.mwaa.exceptions.ResourceNotFoundException):
        front.mwaa.get_environment(Name="nowhere")


def test_calls_reach_airflow_with_query_body_and_token(front: Any) -> None:
    asked = front("/dags", QueryParameters={"limit": 5, "tags": ["a", "b"]})
    assert asked["RestApiStatusCode"] == 200
    assert asked["RestApiResponse"]["path"] == "/api/v2/dags?limit=5&tags=a&tags=b"
    patched = front("/dags/x", "PATCH", Body={"is_paused": True})
    assert patched["RestApiResponse"]["body"] == {"is_paused": True}
    assert front("/dags/x", "DELETE")["RestApiStatusCode"] == 204


def test_airflows_own_refusal_arrives_inside_a_client_exception(front: Any) -> None:
    with pytest.raises(front.mwaa.exceptions.RestApiClientException) as caught:
        front("/dags/missing")
    assert caught.value.response["RestApiStatusCode"] == 404
    assert caught.value.response["RestApiResponse"] == {"detail": "not there"}


@pytest.mark.parametrize("path", ["/" + "x" * 64, "dags", "/api/v2/dags"])
def test_a_path_that_mwaa_refuses_is_refused(front: Any, path: str) -> None:
    with pytest.raises(front.mwaa.exceptions.ValidationException):
        front(path)


def test_an_answer_over_6_mb_is_an_error(front: Any) -> None:
    with pytest.raises(front.mwaa.exceptions.RestApiServerException) as caught:
        front("/huge")
    assert caught.value.response["RestApiStatusCode"] == 500


def test_a_request_over_6_mb_is_refused() -> None:
    assert refuse({"Path": "/dags", "Method": "POST"}, BYTES) is None
    refusal = refuse({"Path": "/dags", "Method": "POST"}, BYTES + 1)
    assert refusal is not None
    assert refusal.kind == "ValidationException"


def test_a_path_of_64_characters_is_fine() -> None:
    assert refuse({"Path": "/" + "x" * 63, "Method": "GET"}, 0) is None
    assert refuse({"Path": "/" + "x" * 64, "Method": "GET"}, 0) is not None


def test_no_page_has_more_than_100_rows() -> None:
    assert within_a_page({"QueryParameters": {"limit": 500}})["QueryParameters"] == {"limit": 100}
    assert within_a_page({"QueryParameters": {"limit": "50"}})["QueryParameters"] == {"limit": "50"}
    assert within_a_page({"Body": {"page_limit": 1000, "dag_ids": []}})["Body"]["page_limit"] == 100


def test_eleven_calls_at_once_are_one_too_many_until_time_passes() -> None:
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    assert [throttle.take() for _ in range(11)] == [True] * 10 + [False]
    now[0] = 0.1
    assert [throttle.take(), throttle.take()] == [True, False]


def test_a_throttled_call_is_told_so(front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Throttle, "take", lambda self: False)
    with pytest.raises(ClientError, match="ThrottlingException"):
        front("/dags")

"""An Airflow that is down, refuses, is overloaded, or answers nonsense: asked before anything is changed."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.httpd import Handler, Server
from reconciler.adapters import airflow_http
from reconciler.adapters.airflow_client import AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.engine.world import Outcome
from reconciler.model.reason import Reason, Severity
from tests.bad_input.stage import INVALID, OUTSIDE, Case, Stage

Answer = Callable[[Handler], None]


class Asking(Stage):
    """The stage, its next questions to Airflow going to a server that ``answer`` speaks for."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Answer = status(500)
        stage = self

        class Misbehaving(Handler):
            def do_GET(self) -> None:
                self.body()
                stage.answer(self)

            def do_POST(self) -> None:
                self.do_GET()

        self.server = Server(0, Misbehaving)
        self.server.start()
        self.twin = self.scene.airflow

    def ask(self, answer: Answer) -> None:
        """A bump whose DAGs have another graph: Airflow has to be asked for runs in flight."""
        self.answer = answer
        transport = HttpTransport(f"http://127.0.0.1:{self.server.server_port}", lambda: "token")
        self.replace(airflow=AirflowClient(transport, self.scene.clock))
        self.scene.push("1.1.0")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def asking() -> Iterator[Asking]:
    stage = Asking()
    stage.begin()
    yield stage
    stage.close()


def status(code: int, body: bytes = b'{"detail": "no"}', **headers: str) -> Answer:
    return lambda request: request.reply(code, body, headers)


def truncated(request: Handler) -> None:
    """The length of a whole answer, and half of it."""
    body = json.dumps({"dag_runs": [], "total_entries": 0}).encode()
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:-9])
    request.wfile.flush()
    request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True


def slow(request: Handler) -> None:
    time.sleep(3)  # longer than the limit that the test sets; nobody waits for it
    request.close_connection = True


PASSES: dict[str, Any] = {
    "outcome": Outcome.RETRY,
    "reason": Reason.PROGRESSING_WITH_RETRY,
    "severity": Severity.WARNING,
    "exit_code": OUTSIDE,
}
FOR_A_PERSON: dict[str, Any] = {"reason": Reason.RECONCILIATION_FAILED, "exit_code": INVALID}

ANSWERS: dict[str, tuple[Answer, tuple[str, ...], dict[str, Any]]] = {
    "401": (status(401), ("answered 401", "bound to it"), FOR_A_PERSON),
    "403": (status(403), ("answered 403", "Airflow role"), FOR_A_PERSON),
    "404": (status(404), ("answered 404", "airflow.api"), FOR_A_PERSON),
    "409": (status(409), ("answered 409", "airflow.api"), FOR_A_PERSON),
    "a redirection": (
        status(302, Location="http://127.0.0.1:1/"),
        ("answered 302", "airflow.api"),
        FOR_A_PERSON,
    ),
    "429": (status(429), ("answered 429",), PASSES),
    "500": (status(500, b"<html>oops"), ("answered 500",), PASSES),
    "502 of a proxy": (status(502, b"Bad Gateway"), ("answered 502",), PASSES),
    "503": (status(503), ("answered 503",), PASSES),
    "truncated JSON": (truncated, ("did not answer",), PASSES),
    "half a document": (status(200, b'{"dag_runs": ['), ("something that is not JSON",), FOR_A_PERSON),
    "a page to log in": (status(200, b"<html>Log in</html>"), ("something that is not JSON",), FOR_A_PERSON),
    "another document": (status(200, b'{"dag_runs": 5}'), ("cannot read", "airflow.version"), FOR_A_PERSON),
    "slow": (slow, ("did not answer",), PASSES),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_airflow_that_answers(case: str, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    if case == "slow":
        monkeypatch.setattr(airflow_http, "SECONDS", 0.5)
    answer, says, outcome = ANSWERS[case]
    Case(
        spoil=lambda stage: asking.ask(answer),
        says=says,
        mend=lambda stage: stage.replace(airflow=asking.twin),
        **outcome,
    ).play(asking)


def test_an_airflow_that_is_down(asking: Asking) -> None:
    def spoil(stage: Stage) -> None:
        asking.server.shutdown()
        asking.server.server_close()
        asking.ask(status(500))

    Case(
        spoil=spoil, says=("did not answer",), mend=lambda stage: stage.replace(airflow=asking.twin), **PASSES
    ).play(asking)


def test_a_question_is_asked_again_only_where_that_helps(asking: Asking) -> None:
    asked: dict[int, int] = {}

    def counting(code: int) -> Answer:
        def answer(request: Handler) -> None:
            asked[code] = asked.get(code, 0) + 1
            request.reply(code, b"{}")

        return answer

    for code in (503, 404):
        asking.ask(counting(code))
        asking.scene.tick()
    assert asked[503] > 1
    assert asked[404] == 1

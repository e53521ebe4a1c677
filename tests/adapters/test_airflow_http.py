"""Airflow's API over plain HTTP: tokens, and servers that are not what they should be."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from local.httpd import Handler, Server
from reconciler.adapters import airflow_http
from reconciler.adapters.airflow_client import PAUSES, AirflowClient
from reconciler.adapters.airflow_http import HttpTransport
from reconciler.adapters.airflow_transport import Request
from reconciler.adapters.memory import MemoryClock
from reconciler.model.errors import ReconcilerError, Terminal, Transient

NO_ERRORS = json.dumps({"import_errors": [], "total_entries": 0}).encode()


@dataclass
class Host:
    """A server that answers what it is told to, and remembers what it was asked."""

    url: str = ""
    good_tokens: set[str] = field(default_factory=set)
    issued: list[str] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        self.seen.append((path, authorization))
        if path == "/auth/token":
            if not self.issued:
                return 403, b"{}"
            return 201, json.dumps({"access_token": self.issued.pop(0)}).encode()
        if authorization.removeprefix("Bearer ") not in self.good_tokens:
            return 401, b'{"detail": "Invalid JWT token"}'
        return self.answers.pop(0) if self.answers else (200, NO_ERRORS)


@pytest.fixture
def host() -> Iterator[Host]:
    found = Host()

    class Answering(Handler):
        def do_GET(self) -> None:
            status, body = found.answer(self.path, self.headers.get("Authorization", ""))
            headers = {"Location": "http://127.0.0.1:1/elsewhere"} if status in (301, 302) else {}
            self.reply(status, body, headers)

    server = Server(0, Answering)
    server.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


def everything(error: BaseException) -> str:
    return "\n".join([str(error), repr(vars(error)), *traceback.format_exception(error)])


def test_a_token_is_asked_for_once(host: Host, clock: MemoryClock) -> None:
    host.issued, host.good_tokens = ["t1", "t2"], {"t1"}
    airflow = AirflowClient(HttpTransport(host.url + "/"), clock)
    airflow.import_errors()
    airflow.import_errors()
    assert [path.partition("?")[0] for path, _ in host.seen] == [
        "/auth/token",
        "/api/v2/importErrors",
        "/api/v2/importErrors",
    ]


def test_a_token_that_ran_out_is_replaced(host: Host, clock: MemoryClock) -> None:
    host.issued, host.good_tokens = ["t1", "t2"], {"t1"}
    airflow = AirflowClient(HttpTransport(host.url), clock)
    airflow.import_errors()
    host.good_tokens = {"t2"}
    assert list(airflow.import_errors()) == []
    assert clock.slept == []


def test_a_token_from_a_secret_is_asked_for_again_when_it_was_rotated(host: Host, clock: MemoryClock) -> None:
    secrets, host.good_tokens = ["old", "new"], {"old"}
    airflow = AirflowClient(HttpTransport(host.url, lambda: secrets[0]), clock)
    airflow.import_errors()
    secrets.pop(0)
    host.good_tokens = {"new"}
    assert list(airflow.import_errors()) == []


def test_a_refused_token_is_a_matter_for_a_person_and_is_never_shown(host: Host, clock: MemoryClock) -> None:
    token = "s3cr3t" + "T0ken"
    airflow = AirflowClient(HttpTransport(host.url, lambda: token), clock)
    for _ in range(2):
        with pytest.raises(Terminal, match="Airflow role") as refused:
            airflow.import_errors()
        assert token not in everything(refused.value)
    assert clock.slept == []


def test_a_server_that_issues_no_tokens_asks_for_a_secret(host: Host, clock: MemoryClock) -> None:
    with pytest.raises(Terminal, match="tokenSecret"):
        AirflowClient(HttpTransport(host.url), clock).import_errors()


def test_what_passes_is_tried_again_after_a_pause(host: Host, clock: MemoryClock) -> None:
    host.good_tokens, host.answers = {"t"}, [(503, b"starting"), (429, b"")]
    assert list(AirflowClient(HttpTransport(host.url, lambda: "t"), clock).import_errors()) == []
    assert clock.slept == list(PAUSES)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((404, b"<html>not here</html>"), Terminal, "404"),
        ((200, b"<html>a login page</html>"), Terminal, "not JSON"),
        ((302, b""), Terminal, "302"),
        ((200, b"{}"), Terminal, "cannot read"),
    ],
)
def test_a_server_that_is_not_airflow_is_a_matter_for_a_person(
    host: Host, clock: MemoryClock, answer: tuple[int, bytes], kind: type[ReconcilerError], said: str
) -> None:
    host.good_tokens, host.answers = {"t"}, [answer]
    with pytest.raises(kind, match=said):
        AirflowClient(HttpTransport(host.url, lambda: "t"), clock).import_errors()


def test_a_server_that_is_down_passes_and_does_not_show_the_token(clock: MemoryClock) -> None:
    token = "s3cr3t" + "T0ken"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Transient) as failed:
        AirflowClient(HttpTransport(f"http://127.0.0.1:{port}", lambda: token), clock).import_errors()
    assert token not in everything(failed.value)
    assert clock.slept == list(PAUSES)


def test_the_tokens_calls_and_the_question_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_http, "SECONDS", 0.5)
    slow = threading.Event()

    class Slow(Handler):
        def do_GET(self) -> None:
            if self.path == "/auth/token":
                slow.wait(0.4)
                self.reply(201, b'{"access_token": "t"}')
            else:
                slow.wait(20)
                self.reply(200, NO_ERRORS)

    server = Server(0, Slow)
    server.start()
    transport = HttpTransport(f"http://127.0.0.1:{server.server_port}")
    begun = time.monotonic()
    with pytest.raises(Transient, match="did not answer GET"):
        transport.send(Request("GET", "/importErrors", {}))
    assert time.monotonic() - begun < 10  # neither 20 s nor none
    slow.set()
    server.shutdown()
    server.server_close()


def test_the_generated_client_is_not_imported_before_it_is_used() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from reconciler.adapters.airflow_client import AirflowClient;"
        "from reconciler.adapters.airflow_http import HttpTransport;"
        "AirflowClient(HttpTransport('http://127.0.0.1:1'), None);"
        "sys.exit(any(name.startswith('airflow_client') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_airflow_tells_of_its_settings(host: Host) -> None:
    host.good_tokens, options = {"t"}, [{"key": "refresh_interval", "value": "30"}]
    transport = HttpTransport(host.url, lambda: "t")
    said = {"sections": [{"name": "dag_processor", "options": options}]}
    host.answers = [(200, json.dumps(said).encode()), (403, b"{}")]
    assert transport.options() == {"dag_processor.refresh_interval": "30"}
    assert transport.options() is None  # api.expose_config is off

"""Failures are told once to each channel there is, and kept whatever a channel does."""

from __future__ import annotations

import json
import logging
import socketserver
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from lib.alerts import default_args
from lib.alerts.channels import CHANNELS
from lib.alerts.event import Event
from lib.alerts.failure import OnFailure, failure
from lib.alerts.notifier import notify
from lib.warehouse.checks import Rejected

from local.warehouse import Warehouse
from tests.dags.warehouse_world import Database

EVENT = Event(
    kind="task_failed",
    dag_id="ingest_pg_cards",
    task_id="stage",
    run_id="scheduled__2026-11-22",
    severity="error",
    owner="payments-data",
    message="Rejected: 3 rows <without> a key",
    occurred_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
    log_url="http://airflow/log",
    try_number=3,
)


@dataclass
class Outside:
    """Slack, PagerDuty and a mail server, on loopback; `broken`: those that answer with an error."""

    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    http: int = 0
    smtp: int = 0


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[int]:
    """The port of a server that runs meanwhile."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()

    class Http(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            failed = any(self.path.startswith(one) for one in made.broken)
            if not failed:
                made.posts.append((self.path, body))
            self.send_response(500 if failed else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    class Smtp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    made.mails.append(b"".join(lines).decode())
                quits = line.upper().startswith(b"QUIT")
                self.wfile.write(b"221 bye\r\n" if quits else b"250 yes\r\n")
                if quits:
                    return

    with (
        served(HTTPServer(("127.0.0.1", 0), Http)) as made.http,
        served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp)) as made.smtp,
    ):
        yield made


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[Database]:
    database = Database(warehouse).prepare()
    with closing(database.connection):
        yield database


@pytest.fixture
def database(prepared: Database) -> Database:
    with prepared.connection.cursor() as cursor:
        cursor.execute("DELETE FROM OPS.PIPELINE_EVENT")
    return prepared


def connections(outside: Outside, database: Database | None) -> dict[str, Any]:
    """As Airflow would find them."""
    found: dict[str, Any] = {
        "alerts_slack": SimpleNamespace(host=f"http://127.0.0.1:{outside.http}", password="T0/B0/secret"),
        "alerts_pagerduty": SimpleNamespace(host=f"http://127.0.0.1:{outside.http}", password="routing-key"),
        "alerts_email": SimpleNamespace(
            host="127.0.0.1",
            port=outside.smtp,
            login=None,
            extra_dejson={"from": "finedge@example.com", "to": ["on-call@example.com"]},
        ),
    }
    if database:
        found["warehouse"] = database.airflow()
    return found


def rows(database: Database) -> list[tuple[Any, ...]]:
    return database.ask('SELECT "EVENT_ID", "TASK_ID", "SENT_TO", "MESSAGE" FROM OPS.PIPELINE_EVENT')


def test_nobody_is_told_twice_where_it_cannot_be_remembered(
    outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr("lib.alerts.notifier.sent", broken)
    assert notify(EVENT, connections(outside, database).get) == tuple(CHANNELS)
    assert (len(outside.posts), len(outside.mails)) == (2, 1)


def test_every_channel_is_told_all_there_is_to_know(outside: Outside, database: Database) -> None:
    assert notify(EVENT, connections(outside, database).get) == tuple(CHANNELS)
    (slack_path, slack), (page_path, page) = outside.posts
    assert slack_path == "/T0/B0/secret"
    assert slack["text"].splitlines() == [
        "*error: ingest_pg_cards.stage: task failed (try 3)*",
        "run: scheduled__2026-11-22",
        "owner: payments-data",
        "log: http://airflow/log",
        "message: Rejected: 3 rows &lt;without&gt; a key",
    ]
    assert page_path == "/v2/enqueue"
    assert page["routing_key"] == "routing-key"
    assert page["dedup_key"] == EVENT.id
    assert page["payload"]["summary"] == EVENT.title
    assert page["payload"]["custom_details"] == EVENT.details
    (mail,) = outside.mails
    assert "Subject: error: ingest_pg_cards.stage: task failed (try 3)" in mail
    assert "owner: payments-data" in mail
    assert rows(database) == [
        (EVENT.id, "stage", "alerts_email alerts_pagerduty alerts_slack", "Rejected: 3 rows <without> a key")
    ]


def test_what_was_told_is_not_told_again(outside: Outside, database: Database) -> None:
    find = connections(outside, database).get
    notify(EVENT, find)
    assert notify(replace(EVENT, try_number=4, message="again"), find) == ()
    assert len(outside.posts) == 2
    assert len(rows(database)) == 1
    assert notify(replace(EVENT, run_id="scheduled__2026-11-23"), find) == tuple(CHANNELS)
    assert notify(replace(EVENT, kind="deadline_missed"), find) == tuple(CHANNELS)


def test_a_channel_that_fails_stops_no_other_and_is_tried_again(
    outside: Outside, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    find = connections(outside, database).get
    outside.broken = {"/T0"}
    assert notify(EVENT, find) == ("alerts_pagerduty", "alerts_email")
    assert "secret" not in caplog.text
    assert rows(database)[0][2] == "alerts_email alerts_pagerduty"
    outside.broken = set()
    assert notify(EVENT, find) == ("alerts_slack",)
    assert rows(database)[0][2] == "alerts_email alerts_pagerduty alerts_slack"


def test_without_channels_it_is_kept(database: Database) -> None:
    assert notify(EVENT, {"warehouse": database.airflow()}.get) == ()
    assert rows(database) == [(EVENT.id, "stage", "", EVENT.message)]


def test_without_a_warehouse_it_is_told(outside: Outside) -> None:
    assert notify(EVENT, connections(outside, None).get) == tuple(CHANNELS)


def test_a_warning_wakes_nobody(outside: Outside, database: Database) -> None:
    found = notify(replace(EVENT, severity="warn"), connections(outside, database).get)
    assert found == ("alerts_slack", "alerts_email")


def test_an_address_that_is_not_encrypted_is_not_used() -> None:
    slack = SimpleNamespace(host="http://hooks.example.com", password="secret")
    with pytest.raises(ValueError, match="https"):
        CHANNELS["alerts_slack"](slack, EVENT)


def context(error: BaseException | None) -> dict[str, Any]:
    return {
        "ti": SimpleNamespace(
            dag_id="d", task_id="t", run_id="r", try_number=2, log_url="http://log"
        ),
        "task": SimpleNamespace(owner="ana"),
        "exception": error,
    }  # fmt: skip


def test_a_failure_says_who_and_where_but_not_what_a_row_holds() -> None:
    ours = failure(context(Rejected("3 rows without a key")), "warn")
    assert (ours.dag_id, ours.task_id, ours.run_id, ours.try_number) == ("d", "t", "r", 2)
    assert (ours.owner, ours.severity, ours.log_url) == ("ana", "warn", "http://log")
    assert ours.message == "Rejected: 3 rows without a key"
    theirs = failure(context(KeyError("Key (email)=(a@example.com) exists")), "error")
    assert theirs.message == "KeyError"
    assert failure(context(None), "error").message == "the task's process is gone"


class AirflowFailException(Exception):
    """As Airflow's: whoever raises it wants no further try."""


def test_what_was_wrapped_to_fail_at_once_is_told() -> None:
    wrapped = AirflowFailException("no further try")
    wrapped.__cause__ = Rejected("3 rows without a key")
    assert failure(context(wrapped), "error").message == "Rejected: 3 rows without a key"


def test_a_notifier_that_fails_does_not_hide_the_tasks_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("lib.alerts.notifier.notify", broken)
    with caplog.at_level(logging.ERROR):
        OnFailure()(context(None))
    assert "nobody could be told" in caplog.text


def test_default_arguments_carry_owner_and_callback() -> None:
    arguments = default_args("ana", severity="warn", retries=3)
    assert arguments["owner"] == "ana"
    assert arguments["retries"] == 3
    assert arguments["on_failure_callback"] == OnFailure("warn")

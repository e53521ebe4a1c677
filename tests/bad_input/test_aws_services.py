"""S3 and DynamoDB that deny, throttle, hang, lose answers, go away in the middle, or have another clock.

On moto, through clients as the product makes them; a fault is put before moto (the request is lost) or
behind it (it took effect, the answer is lost).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from reconciler.adapters import aws_session
from reconciler.adapters.aws_session import CONNECT_SECONDS, Bounds, bounds
from reconciler.adapters.deadline import Deadline
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.memory import MemoryAirflow
from reconciler.adapters.memory.airflow import Follow
from reconciler.adapters.s3_artifacts import S3ArtifactStore
from reconciler.adapters.s3_dag_folder import S3DagFolder
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.world import Outcome
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason, Severity
from tests.bad_input.stage import INVALID, LIVE, OUTSIDE, Case, Stage, recovered
from tests.contracts.test_state_store import dynamo_table

BUCKET = "dev-airflow"


class Faults:
    """What goes wrong with the next calls of one client, by operation (``*``: all)."""

    def __init__(self, client: Any) -> None:
        self._rules: list[tuple[str, Callable[[], Any], float]] = []
        # In place of moto's own handler: all handlers of an event are called, and moto's has effects.
        self._events = client._endpoint._event_emitter
        client._endpoint._event_emitter = self

    def emit(self, event_name: str, **arguments: Any) -> Any:
        """botocore's own, but for requests that are struck."""
        if event_name.startswith("before-send") and (struck := self._strike(event_name)) is not None:
            return [(self, struck)]
        return self._events.emit(event_name, **arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)

    def answer(
        self, operation: str, code: str, status: int, message: str = "no", times: float = float("inf")
    ) -> None:
        """An error of the service, in its own words."""

        def made() -> AWSResponse:
            return AWSResponse("http://aws", status, {}, _Raw(_error(code, message)))

        self._rules.append((operation, made, times))

    def raises(self, operation: str, error: Exception, times: float = float("inf")) -> None:
        """No answer, and no effect."""

        def made() -> None:
            raise error

        self._rules.append((operation, made, times))

    def body(self, operation: str, body: bytes, times: float = float("inf")) -> None:
        """An answer of these bytes."""
        self._rules.append((operation, lambda: AWSResponse("http://aws", 200, {}, _Raw(body)), times))

    def clear(self) -> None:
        self._rules.clear()

    def _strike(self, event_name: str) -> Any:
        name = event_name.rsplit(".", 1)[-1]
        for at, (operation, made, times) in enumerate(self._rules):
            if operation in (name, "*") and times > 0:
                self._rules[at] = (operation, made, times - 1)
                return made()
        return None


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _error(code: str, message: str) -> bytes:
    """Both of S3's and of DynamoDB's form can be told apart by their parsers."""
    if code.startswith("{"):
        return code.encode()
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def dynamo(code: str, message: str = "no") -> str:
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})


class OnAws(Stage):
    """The stage with its DAG folder, artifacts and table on AWS."""

    def __init__(self, aws: Any, deadline: Deadline) -> None:
        super().__init__()
        dynamo_table(aws)
        self.s3 = aws_session.client("s3", aws, deadline)
        self.db = aws_session.client("dynamodb", aws, deadline)
        for bucket in (BUCKET, "artifacts"):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
        folder = S3DagFolder(self.s3, BUCKET, deadline=deadline)
        artifacts = S3ArtifactStore(self.s3, "artifacts", deadline)
        self.replace(folder=folder, artifacts=artifacts)
        self.replace(store=DynamoStateStore(self.db, "reconciler", self.scene.clock))
        self.replace(airflow=MemoryAirflow(Follow(folder, self.scene.clock)))
        self.s3_faults, self.db_faults = Faults(self.s3), Faults(self.db)

        self._eyes = S3DagFolder(aws.client("s3"), BUCKET)

    def eyes(self) -> S3DagFolder:
        return self._eyes

    def mended(self) -> None:
        self.s3_faults.clear()
        self.db_faults.clear()


@pytest.fixture
def deadline() -> Deadline:
    return Deadline()


@pytest.fixture
def on_aws(aws: Any, deadline: Deadline, monkeypatch: pytest.MonkeyPatch) -> OnAws:
    # botocore's pauses between attempts are its own business.
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    stage = OnAws(aws, deadline)
    stage.begin()
    return stage


TRANSIENT: dict[str, Any] = {"outcome": Outcome.RETRY, "severity": Severity.WARNING, "exit_code": OUTSIDE}
LATER = {**TRANSIENT, "reason": Reason.PROGRESSING_WITH_RETRY}
UNREADABLE = {**TRANSIENT, "reason": Reason.GIT_OPERATION_FAILED}
FOR_A_PERSON: dict[str, Any] = {"reason": Reason.RECONCILIATION_FAILED, "exit_code": INVALID}
SHOWN = {"command": ("status", "dev"), "exit_code": 0}
"""What only writing meets is shown by `status`: `plan` writes nothing."""

S3Case = tuple[Callable[[Faults], None], tuple[str, ...], dict[str, Any]]
LOST = ReadTimeoutError(endpoint_url="https://s3.eu-west-1.amazonaws.com/")
DOWN = EndpointConnectionError(endpoint_url="https://s3.eu-west-1.amazonaws.com/")

S3: dict[str, S3Case] = {
    "denies listing": (
        lambda s3: s3.answer("ListObjectsV2", "AccessDenied", 403),
        ("AWS denies s3:ListBucket of s3://dev-airflow/dags/", "Allow s3:ListBucket"),
        FOR_A_PERSON,
    ),
    "denies reading artifacts": (
        lambda s3: s3.answer("GetObject", "AccessDenied", 403),
        ("AWS denies s3:GetObject of s3://artifacts/", "Allow s3:GetObject"),
        FOR_A_PERSON,
    ),
    "denies writing": (
        lambda s3: s3.answer("PutObject", "AccessDenied", 403),
        ("AWS denies s3:PutObject of s3://dev-airflow/dags/_releases/", "Allow s3:PutObject"),
        {**FOR_A_PERSON, **SHOWN},
    ),
    "says SlowDown to listing": (
        lambda s3: s3.answer("ListObjectsV2", "SlowDown", 503),
        ("SlowDown",),
        LATER,
    ),
    "says SlowDown to reading": (
        lambda s3: s3.answer("GetObject", "SlowDown", 503),
        ("SlowDown",),
        UNREADABLE,
    ),
    "says SlowDown to writing": (
        lambda s3: s3.answer("PutObject", "SlowDown", 503),
        ("SlowDown",),
        {**LATER, **SHOWN},
    ),
    "does not answer": (lambda s3: s3.raises("*", LOST), ("AWS did not answer s3:",), UNREADABLE),
    "is down": (lambda s3: s3.raises("*", DOWN), ("AWS did not answer s3:",), UNREADABLE),
    "answers garbage": (
        # botocore takes an unreadable page for a 500, and asks again.
        lambda s3: s3.body("ListObjectsV2", b"<html><p>Log in"),
        ("AWS could not do s3:ListBucket",),
        LATER,
    ),
    "has another clock": (
        lambda s3: s3.answer("*", "RequestTimeTooSkewed", 403, "The difference is too large."),
        ("this machine's clock is wrong", "NTP"),
        FOR_A_PERSON,
    ),
    "has lost the bucket": (
        lambda s3: s3.answer("ListObjectsV2", "NoSuchBucket", 404),
        ("does not exist", "Deploy the stack"),
        FOR_A_PERSON,
    ),
    "has old credentials": (
        lambda s3: s3.answer("*", "ExpiredToken", 400),
        ("does not accept the credentials", "Renew"),
        FOR_A_PERSON,
    ),
}


@pytest.mark.parametrize("case", S3)
def test_an_s3_that(case: str, on_aws: OnAws) -> None:
    spoil, says, outcome = S3[case]

    def begin(stage: Stage) -> None:
        stage.scene.push("1.1.0")
        spoil(on_aws.s3_faults)

    Case(spoil=begin, says=says, mend=lambda stage: on_aws.mended(), **outcome).play(on_aws)


class OffClock(SystemClock):
    """A clock that is off."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.mark.parametrize(("minutes", "side"), [(5, "ahead of"), (-5, "behind")])
def test_a_clock_that_s3_still_accepts_but_does_not_share(on_aws: OnAws, minutes: int, side: str) -> None:
    """From when a release counts is reckoned with it."""
    good = on_aws.scene.folder

    def spoil(stage: Stage) -> None:
        off = S3DagFolder(on_aws.s3, BUCKET, clock=OffClock(timedelta(minutes=minutes)))
        stage.replace(folder=off)
        stage.scene.push("1.1.0")

    stage = on_aws
    before = stage.live()
    spoil(stage)
    result = stage.scene.tick()
    stage.replace(folder=good)
    assert result.outcome is Outcome.STALLED
    told = stage.scene.events[-1]
    assert (told.severity, told.reason) == (Severity.ERROR, Reason.RECONCILIATION_FAILED)
    assert f"This machine's clock is more than 60 s {side} S3's." in told.message
    assert "NTP" in told.message
    assert stage.live() == before
    recovered(stage)


@pytest.mark.parametrize("lost", range(3))
def test_a_write_whose_answer_was_lost_is_no_conflict(on_aws: OnAws, lost: int) -> None:
    """boto3 asks again, and meets its own first attempt: nobody else was there."""
    seen = [0]

    def lose(**_: Any) -> None:
        seen[0] += 1
        if seen[0] == lost + 1:
            raise LOST

    # Behind moto, which has done it by then.
    on_aws.s3.meta.events.register_last("before-send.s3.PutObject", lose)
    on_aws.scene.push("1.1.0")
    told = len(on_aws.scene.events)
    recovered(on_aws)
    assert seen[0] > lost, "there were so many writes"
    assert not [one for one in on_aws.scene.events[told:] if one.severity is not Severity.INFO]


DYNAMODB: dict[str, Callable[[Faults], None]] = {
    "throttles": lambda db: db.answer("*", dynamo("ProvisionedThroughputExceededException"), 400),
    "is overloaded": lambda db: db.answer("*", dynamo("InternalServerError"), 500),
    "is down": lambda db: db.raises("*", DOWN),
    "answers garbage": lambda db: db.body("*", b"<html>"),
    "answers half a document": lambda db: db.body("*", b'{"Item": {"pk"'),
    "answers another document": lambda db: db.body("*", b"[]"),
}


@pytest.mark.parametrize(
    "when",
    [when if when % 12 == 0 else pytest.param(when, marks=pytest.mark.long) for when in range(0, 28, 4)],
)
@pytest.mark.parametrize("case", DYNAMODB)
def test_a_table_that_goes_away_in_the_middle(on_aws: OnAws, case: str, when: int) -> None:
    """Nothing can be written down then; the next tick goes on where this one was."""
    stage, left = on_aws, [when]

    def strike(**_: Any) -> None:
        left[0] -= 1
        if left[0] == -1:
            DYNAMODB[case](stage.db_faults)

    stage.db.meta.events.register_first("before-send.*", strike)
    tip = stage.scene.push("1.1.0")
    result = stage.scene.tick()
    left[0] = 10_000
    stage.mended()
    applied = stage.scene.state.applied
    assert applied is not None
    # Away only at the very end, or not at all: then it is live. Else the tick says that it is to be retried.
    assert result.outcome is (Outcome.APPLIED if applied.revision == tip else Outcome.RETRY), result
    stage.scene.clock.advance(160)  # the lease could not be given back
    recovered(stage)
    chained(stage)


def test_a_table_that_was_away_looks_never_like_an_empty_one(on_aws: OnAws) -> None:
    """An answer that is no JSON is an empty one to botocore: every DAG would be somebody else's file."""
    before = on_aws.scene.state
    on_aws.db_faults.body("GetItem", b"<html>", times=1)
    with pytest.raises(Transient, match="cannot be read"):
        on_aws.scene.store.load("dev")
    assert on_aws.scene.state == before
    assert before.live.keys() == LIVE.keys()


def chained(stage: Stage) -> None:
    """Each event once, in order, and on the bus."""
    events = stage.scene.events
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert {event.sequence for event in stage.scene.bus.published} == {event.sequence for event in events}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "InvalidSignatureException",
            "Signature expired: 20261121T050000Z is now earlier than 20261121T051000Z",
        ),
        ("InvalidSignatureException", "Signature not yet current: 20261121T052000Z is still later than 2026"),
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
    ],
)
def test_a_clock_that_the_table_does_not_share(on_aws: OnAws, code: str, message: str) -> None:
    """There is nobody to tell but the dead letters, and the command line."""
    before = on_aws.live()
    on_aws.db_faults.answer("*", dynamo(code, message), 400)
    with pytest.raises(Terminal, match="clock is wrong"):
        on_aws.scene.tick()
    answer = on_aws.command("status", "dev")
    assert answer.code == INVALID
    assert "NTP" in answer.json["error"]["remedy"]
    assert "redentials" not in answer.json["error"]["message"]
    on_aws.mended()
    assert on_aws.live() == before
    recovered(on_aws)


# Where only each packet is bounded, a call can be drawn out to any length: a tick has to bound the sum.


@pytest.mark.parametrize("service", ["s3", "dynamodb", "events", "sqs", "secretsmanager", "mwaa"])
def test_the_last_attempt_of_a_call_ends_before_the_function_does(service: str) -> None:
    chosen = bounds(service)
    for telling in (3, 30, 60):
        kept = chosen.keep_seconds(Deadline(telling_seconds=telling))
        assert kept in (CONNECT_SECONDS + chosen.read_seconds, telling)
        assert CONNECT_SECONDS + chosen.read_seconds <= kept
    assert chosen.longest <= 30, "one hanging call leaves a tick's 60 s of work some"


def test_no_call_begins_when_the_tick_is_over_but_it_is_told(on_aws: OnAws, deadline: Deadline) -> None:
    before = on_aws.live()
    on_aws.scene.push("1.1.0")
    deadline.set(Deadline().telling_seconds - 1)
    result = on_aws.scene.tick()
    assert result.outcome is Outcome.RETRY
    assert "time of this tick was over before AWS (s3) had answered" in result.message
    told = on_aws.scene.events[-1]
    assert (told.severity, told.reason) == (Severity.WARNING, Reason.GIT_OPERATION_FAILED)
    deadline.set(float("inf"))
    assert on_aws.live() == before
    recovered(on_aws)


def test_nothing_is_asked_when_not_even_telling_is_possible(on_aws: OnAws, deadline: Deadline) -> None:
    deadline.set(1)
    result = on_aws.scene.tick()
    assert result.outcome is Outcome.RETRY
    assert "time of this tick was over before AWS (dynamodb) had answered" in result.message


class Dripping:
    """A server that says it will send much, and then sends a byte now and then, or none."""

    def __init__(self, drips: bool) -> None:
        self._drips = drips
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65_536)
            if self._drips:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
            while not self._over.wait(0.02):
                try:
                    if self._drips:
                        connection.sendall(b"x" * 4096)
                except OSError:
                    return

    def close(self) -> None:
        self._over.set()
        self._listening.close()


@pytest.mark.parametrize(("drips", "says"), [(False, "did not answer"), (True, "time of this tick was over")])
def test_an_s3_that_is_slow_is_given_up(monkeypatch: pytest.MonkeyPatch, drips: bool, says: str) -> None:
    """A whole release at a byte a second would take the function with it."""
    monkeypatch.setitem(aws_session._OTHERWISE, "s3", Bounds(0.5, 2, telling=False))
    server, deadline = Dripping(drips), Deadline()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.port}")
    for name, value in {
        "ACCESS_KEY_ID": "k",
        "SECRET_ACCESS_KEY": "s",
        "DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    store = S3ArtifactStore(aws_session.client("s3", deadline=deadline), "artifacts", deadline)
    deadline.set(Deadline().telling_seconds + 5)
    try:
        with pytest.raises(Transient, match=says):
            store.release("0" * 16)
    finally:
        server.close()


def test_a_transaction_that_is_sent_again_is_the_same_one(on_aws: OnAws) -> None:
    """DynamoDB does it once, by its token."""
    sent: list[str] = []

    def note(request: Any, **_: Any) -> None:
        sent.append(json.loads(request.body)["ClientRequestToken"])
        if len(sent) == 1:
            raise LOST

    on_aws.db.meta.events.register_first("before-send.dynamodb.TransactWriteItems", note)
    on_aws.scene.push("1.1.0")
    on_aws.scene.tick()
    assert sent[0] == sent[1]
    assert len(set(sent[1:])) == len(sent[1:])

"""What reaches the functions: webhooks from anybody, events, messages of the queue."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from handlers import on_push, reconcile, sweep
from reconciler import bootstrap
from reconciler.adapters.memory import MemoryTickQueue
from reconciler.core.webhook import MAX_BODY_BYTES
from reconciler.model.errors import Terminal, Transient
from reconciler.model.reason import Reason, Severity, TriggeredBy
from reconciler.settings import Settings
from tests.bad_input.stage import Stage

KEY, COMMIT = "the webhook's key", "c" * 40
PUSH: dict[str, Any] = {"ref": "refs/heads/main", "before": "b" * 40, "after": COMMIT}
SETTINGS = Settings(
    table="t", queue_url="q", bus="b", artifacts="a", repo_url="r", environments=("dev", "prod")
)


class Context:
    """What Lambda tells a function of its invocation."""

    function_name = memory_limit_in_mb = invoked_function_arn = "f"
    aws_request_id = "request-1"

    def __init__(self, seconds: float = 120) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return round(self._seconds * 1000)


@dataclass
class Functions:
    """The handlers on a stage."""

    stage: Stage
    queue: MemoryTickQueue

    def push(self, event: dict[str, Any]) -> tuple[int, str]:
        answer = on_push.handler(event, Context())
        return answer["statusCode"], json.loads(answer["body"])["message"]

    def message(self, body: str, group: str = "dev", seconds: float = 120) -> None:
        record = {
            "messageId": "m-1",
            "body": body,
            "eventSource": "aws:sqs",
            "attributes": {"MessageGroupId": group},
        }
        reconcile.handler({"Records": [record]}, Context(seconds))


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    stage = Stage()
    stage.begin()
    queue = MemoryTickQueue(stage.scene.clock)
    parts: dict[str, Any] = {
        "settings": lambda: SETTINGS,
        "queue": lambda: queue,
        "webhook_secret": lambda: KEY,
        "store": lambda: stage.scene.store,
        "world": lambda holder: stage.scene.world,
    }
    for name, part in parts.items():
        monkeypatch.setattr(bootstrap, name, part)
    return Functions(stage, queue)


def delivery(
    body: bytes | str, key: str = KEY, encoded: bool = False, **headers: str | None
) -> dict[str, Any]:
    """A signed webhook as a function URL hands it over; None takes a header away."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    signature = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    given = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-hub-signature-256": f"sha256={signature}",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}  # type: ignore[misc]
    return {
        "headers": {name: value for name, value in given.items() if value is not None},
        "body": base64.b64encode(raw).decode() if encoded else raw.decode("utf-8", "surrogatepass"),
        "isBase64Encoded": encoded,
    }


def push(**changes: Any) -> bytes:
    return json.dumps(
        {name: value for name, value in {**PUSH, **changes}.items() if value is not None}
    ).encode()


GOOD = push()
FORM = "application/x-www-form-urlencoded"
DELIVERIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "good": (delivery(GOOD), 202, "Looking at dev, prod"),
    "good, in base64": (delivery(GOOD, encoded=True), 202, "Looking at"),
    "forced push": (delivery(push(forced=True)), 202, "Looking at"),
    "wrong key": (delivery(GOOD, key="another"), 401, "does not match the webhook's secret"),
    "other body than was signed": ({**delivery(GOOD), "body": "{}"}, 401, "does not match"),
    "no signature": (delivery(GOOD, x_hub_signature_256=None), 401, "does not match"),
    "signature of SHA-1": (delivery(GOOD, x_hub_signature_256="sha1=" + "0" * 40), 401, "does not match"),
    "no headers at all": ({"body": "{}"}, 401, "does not match"),
    "no body": ({"headers": {}, "isBase64Encoded": False}, 401, "does not match"),
    "bad base64": ({**delivery(GOOD, encoded=True), "body": "%%%"}, 400, "cannot be decoded"),
    "half a character": (delivery('"\ud800"'), 400, "cannot be decoded"),
    "25 MB": (delivery(b"x" * 25_000_000), 413, "25000000 bytes"),
    "a byte too many": (delivery(b" " * MAX_BODY_BYTES + b"x"), 413, "found within a minute"),
    "as a form": (delivery(b"payload=%7B%7D", content_type=FORM), 415, "has to be application/json"),
    "ping as a form": (delivery(b"p=1", content_type=FORM, x_github_event="ping"), 415, "application/json"),
    "content type with a charset": (delivery(GOOD, content_type="Application/JSON; charset=utf-8"), 202, ""),
    "ping": (delivery(b'{"zen": "Speak like a human."}', x_github_event="ping"), 200, "ping event"),
    "no event's name": (delivery(GOOD, x_github_event=None), 200, "no event"),
    "other branch": (
        delivery(push(ref="refs/heads/feature")),
        200,
        "refs/heads/feature is not refs/heads/main",
    ),
    "branch in a folder": (delivery(push(ref="refs/heads/x/main")), 200, "is not refs/heads/main"),
    "tag": (delivery(push(ref="refs/tags/main")), 200, "refs/tags/main is not refs/heads/main"),
    "deleted branch": (delivery(push(after="0" * 40, deleted=True)), 200, "main was deleted"),
    "empty": (delivery(b""), 400, "not a push payload"),
    "malformed JSON": (delivery(b'{"ref": '), 400, "not a push payload"),
    "JSON that is no object": (delivery(b"[1, 2]"), 400, "not a push payload"),
    "JSON null": (delivery(b"null"), 400, "not a push payload"),
    "deeply nested JSON": (delivery(b"[" * 100_000), 400, "not a push payload"),
    "no ref": (delivery(push(ref=None)), 400, "not a push payload"),
    "ref that is a number": (delivery(push(ref=5)), 400, "ref and commit have to be text"),
}


@pytest.mark.parametrize("case", DELIVERIES)
def test_a_webhook(case: str, functions: Functions) -> None:
    event, status, says = DELIVERIES[case]
    before = functions.stage.live()
    answered = functions.push(event)
    assert (answered[0], says in answered[1]) == (status, True), answered
    assert bool(functions.queue.asked) == (status == 202)
    assert functions.stage.live() == before, "a webhook only asks to look"


def test_a_replayed_delivery_asks_once(functions: Functions) -> None:
    for _ in range(5):
        assert functions.push(delivery(GOOD))[0] == 202
    assert len(functions.queue.asked) == len(SETTINGS.environments)


def test_an_old_delivery_replayed_later_only_looks(functions: Functions) -> None:
    before = functions.stage.live()
    functions.stage.scene.clock.advance(3600)
    assert functions.push(delivery(push(after="a" * 40)))[0] == 202
    functions.message(json.dumps({"environment": "dev", "triggeredBy": "webhook", "hint": "a" * 40}))
    assert functions.stage.live() == before


@pytest.mark.parametrize(
    "error", [Transient("SQS is down."), Terminal("AWS denies sqs:SendMessage.", "Allow.")]
)
@pytest.mark.parametrize("what", ["queue", "webhook_secret"])
def test_a_webhook_that_cannot_be_served_now(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, what: str, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if what == "queue":
        monkeypatch.setattr(functions.queue, "request", fail)
    else:
        monkeypatch.setattr(bootstrap, what, fail)
    status, said = functions.push(delivery(GOOD))
    assert (status, "found within a minute" in said) == (503, True)
    assert "AWS" not in said, "who asks may be anybody"


CODECOMMIT: dict[str, tuple[Any, int]] = {
    "branch": ({"referenceType": "branch", "referenceName": "main", "commitId": COMMIT}, 202),
    "other branch": ({"referenceType": "branch", "referenceName": "x", "commitId": COMMIT}, 200),
    "tag": ({"referenceType": "tag", "referenceName": "main", "commitId": COMMIT}, 200),
    "deleted branch": ({"referenceType": "branch", "referenceName": "main"}, 200),
    "commit that is a number": ({"referenceType": "branch", "referenceName": "main", "commitId": 5}, 400),
    "no detail": (None, 200),
}


@pytest.mark.parametrize("case", CODECOMMIT)
def test_codecommits_event(case: str, functions: Functions) -> None:
    detail, status = CODECOMMIT[case]
    assert (
        functions.push({"detail-type": "CodeCommit Repository State Change", "detail": detail})[0] == status
    )


POISON = ["", "garbage", "null", "[]", '{"environment": 5}', '{"environment": "dev"}', "{" * 100_000,
          '{"environment": "dev", "triggeredBy": "nobody"}']  # fmt: skip


@pytest.mark.parametrize("body", POISON)
def test_a_message_that_nobody_can_read_is_told_and_holds_nobody_up(functions: Functions, body: str) -> None:
    stage, before = functions.stage, functions.stage.live()
    functions.message(body)  # acknowledged: it would never become readable
    told = stage.scene.events[-1]
    assert (told.reason, told.severity) == (Reason.POISON_MESSAGE, Severity.ERROR)
    assert "m-1" in told.message
    assert "Find out who may send" in told.message
    assert stage.live() == before

    stage.scene.push("1.1.0")
    functions.message('{"environment": "dev", "triggeredBy": "webhook"}')
    assert stage.live() != before
    assert told in stage.scene.bus.published


def test_a_poisonous_message_of_nobodys_group_is_only_logged(
    functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    told = len(functions.stage.scene.events)
    functions.message("garbage", group="../../nowhere")
    assert len(functions.stage.scene.events) == told
    assert "no request for a tick" in caplog.text


def test_a_poisonous_message_while_the_table_is_away(functions: Functions) -> None:
    functions.stage.scene.store.fail_next("append", Transient("throttled"))
    functions.message("garbage")


def test_an_environment_that_this_stack_does_not_serve(functions: Functions) -> None:
    before = functions.stage.live()
    functions.message('{"environment": "nowhere", "triggeredBy": "manual"}')
    assert functions.stage.live() == before


@pytest.mark.parametrize("share", [0.5, 1, 6])
def test_a_function_whose_timeout_does_not_fit_its_lease_does_nothing(
    functions: Functions, share: float
) -> None:
    before = functions.stage.scene.store.load("dev")
    with pytest.raises(Terminal, match="TickSeconds at 120, four fifths of LeaseSeconds"):
        functions.message(
            '{"environment": "dev", "triggeredBy": "manual"}', seconds=SETTINGS.lease_seconds * share
        )
    assert functions.stage.scene.store.load("dev") == before


def test_a_bug_goes_back_to_the_queue(functions: Functions) -> None:
    functions.stage.scene.store.fail_next("load", ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        functions.message('{"environment": "dev", "triggeredBy": "manual"}')


def test_the_sweep_gives_each_invocation_a_deadline_and_says_what_it_did(
    functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sweep.handler({"id": "1"}, Context())
    assert [record.getMessage() for record in caplog.records] == ["ticks asked for: 2"]
    assert [request.triggered_by for request in functions.queue.asked] == [TriggeredBy.SCHEDULE] * 2
    assert 0 < bootstrap.deadline().left(keep=0) <= 120

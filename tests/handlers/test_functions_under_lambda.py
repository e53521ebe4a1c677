"""Each function as AWS starts it: the official runtime client, and the dependencies of the image alone."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from local.aws import client
from local.environments import lambda_python
from local.options import ROOT
from local.stack_info import StackInfo
from local.webhooks import sign
from reconciler.adapters.dynamodb_state import DynamoStateStore
from reconciler.adapters.system_clock import SystemClock
from reconciler.core.webhook import MAX_BODY_BYTES
from reconciler.model.event import Event
from tests.local.light_stack import invoke

pytestmark = pytest.mark.awslambda
COMMIT = "c" * 40
FUNCTIONS = ("check_health", "on_alarm", "on_push", "reconcile", "sweep")


def post(info: StackInfo, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(info.webhook_url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())["message"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["message"]


def signed(info: StackInfo, payload: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    secrets = client("secretsmanager", info.aws_endpoint)
    key = secrets.get_secret_value(SecretId=info.webhook_secret)["SecretString"]
    delivery = sign(payload, key)
    return delivery.body.encode(), delivery.headers


def events(info: StackInfo) -> list[Event]:
    store = DynamoStateStore(client("dynamodb", info.aws_endpoint), info.table, SystemClock())
    return list(store.events("dev", 0, 100))


def eventually(found: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)
    return result


def test_no_function_imports_what_the_image_lacks() -> None:
    names = ", ".join(f"handlers.{name}" for name in FUNCTIONS)
    code = f"import {names}, sys; print(*sorted(sys.modules))"
    ran = subprocess.run(
        [str(lambda_python()), "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"POWERTOOLS_SERVICE_NAME": "r", "POWERTOOLS_METRICS_NAMESPACE": "R"},
    )  # fmt: skip
    loaded = set(ran.stdout.split())
    assert "reconciler.engine.tick" in loaded
    heavy = {"boto3", "git", "airflow_client", "snowflake", "typer", "rich", "aws_xray_sdk"}
    assert loaded & heavy == set(), "heavy clients are imported where they are used"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body, headers: (body, headers), 202),
        (lambda body, headers: (body + b" ", headers), 401),
        (lambda body, headers: (body, {**headers, "X-Hub-Signature-256": "sha256=" + "0" * 64}), 401),
        (lambda body, headers: (body, {k: v for k, v in headers.items() if "Signature" not in k}), 401),
        (lambda body, headers: (body, {**headers, "X-GitHub-Event": "ping"}), 200),
        (lambda body, headers: (b"x" * (MAX_BODY_BYTES + 1), headers), 413),
        (lambda body, headers: (body, {**headers, "Content-Type": "application/x-www-form-urlencoded"}), 415),
    ],
    ids=["signed", "other-body", "wrong-signature", "no-signature", "ping", "huge", "form"],
)
def test_a_webhook_is_answered(functions: StackInfo, change: Any, status: int) -> None:
    body, headers = change(*signed(functions, {"ref": "refs/heads/main", "after": COMMIT}))
    assert post(functions, body, headers)[0] == status


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"ref": "refs/heads/other", "after": COMMIT}, 200),
        ({"ref": "refs/tags/v1", "after": COMMIT}, 200),
        ({"ref": "refs/heads/main", "after": "0" * 40}, 200),
        ({"after": COMMIT}, 400),
    ],
    ids=["other-branch", "tag", "deleted", "malformed"],
)
def test_a_push_that_is_none_of_ours(functions: StackInfo, payload: dict[str, Any], status: int) -> None:
    assert post(functions, *signed(functions, payload))[0] == status


def test_a_webhook_leads_to_a_tick_that_tells(functions: StackInfo) -> None:
    """The repo has no branch yet: the tick says so, in words for a person."""
    post(functions, *signed(functions, {"ref": "refs/heads/main", "after": "d" * 40}))
    told = eventually(lambda: events(functions))
    assert told[0].severity == "error"
    assert "main" in told[0].message


def test_codecommits_event_leads_to_ticks(functions: StackInfo) -> None:
    detail = {"referenceType": "branch", "referenceName": "main", "commitId": "e" * 40}
    event = {
        "detail-type": "CodeCommit Repository State Change",
        "source": "aws.codecommit",
        "detail": detail,
    }
    error, answer = invoke(functions, "OnPush", event)
    assert (error, answer["statusCode"]) == (None, 202)


def test_the_sweep_asks_for_every_environment(functions: StackInfo) -> None:
    assert invoke(functions, "Sweep", {"id": "5"}) == (None, None)


def test_a_poisonous_message_is_told_and_acknowledged(functions: StackInfo) -> None:
    """In the queue itself: it would else hold up its environment for five times the visibility timeout."""
    sqs = client("sqs", functions.aws_endpoint)
    sqs.send_message(
        QueueUrl=functions.queue_url, MessageBody="garbage", MessageGroupId="dev", MessageDeduplicationId="p"
    )
    told = eventually(lambda: [one for one in events(functions) if one.reason == "PoisonMessage"])
    assert told[0].severity == "error"


def test_a_full_dead_letter_queue_stops_nobody(functions: StackInfo) -> None:
    sqs = client("sqs", functions.aws_endpoint)
    dead = functions.dead_letter_queue_url
    for number in range(50):
        sqs.send_message(
            QueueUrl=dead, MessageBody="{}", MessageGroupId="dev", MessageDeduplicationId=str(number)
        )
    told = len(events(functions))
    body = json.dumps({"environment": "dev", "triggeredBy": "nobody"})
    sqs.send_message(
        QueueUrl=functions.queue_url, MessageBody=body, MessageGroupId="dev", MessageDeduplicationId="full"
    )
    eventually(lambda: len(events(functions)) > told)
    left = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
    assert int(left["Attributes"]["ApproximateNumberOfMessages"]) == 50


def test_an_environment_that_is_not_served_is_acknowledged(functions: StackInfo) -> None:
    body = json.dumps({"environment": "nowhere", "triggeredBy": "manual"})
    record = {"messageId": "1", "body": body, "eventSource": "aws:sqs"}
    assert invoke(functions, "Reconcile", {"Records": [record]}) == (None, None)


def test_a_look_where_nothing_was_deployed_says_that_somebody_looks(functions: StackInfo) -> None:
    """The real function, by the image's dependencies: its line, the metric in CloudWatch, no alarm."""
    assert invoke(functions, "CheckHealth", {}) == (None, None)
    cloudwatch = client("cloudwatch", functions.aws_endpoint)

    def told() -> list[dict[str, Any]]:
        found = cloudwatch.list_metrics(Namespace="Reconciler", MetricName="HealthChecked")["Metrics"]
        return list(found)

    (metric,) = eventually(told)
    dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
    assert dimensions == {"environment": "dev", "service": "reconciler"}
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["reconciler-dev-health"])["MetricAlarms"]
    assert alarm["StateValue"] == "OK"


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_what_is_wrong_reaches_people(functions: StackInfo, severity: str) -> None:
    """The rules of the template, on the bus of the template, send an event's own words to a topic each."""
    rules = client("events", functions.aws_endpoint).list_rules(EventBusName=functions.bus)["Rules"]
    (rule,) = [rule for rule in rules if f'"severity": ["{severity}"]' in rule.get("EventPattern", "")]
    targets = client("events", functions.aws_endpoint).list_targets_by_rule(
        Rule=rule["Name"], EventBusName=functions.bus
    )["Targets"]
    assert any(":sns:" in target["Arn"] for target in targets)

"""Deployed functions really run, under the official runtime client, as the template configures them."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.aws import client
from local.demo.functions import Functions
from local.leash import family
from local.processes import wait_until
from local.stack_info import StackInfo
from tests.local.light_stack import invoke

pytestmark = pytest.mark.stack


def test_a_function_gets_its_event_and_the_deployed_configuration(light: StackInfo) -> None:
    error, answer = invoke(light, "Reconcile", {"hello": 1})
    assert error is None
    assert answer["handler"] == "handlers.echo.handler"
    assert answer["env"]["RECONCILER_TABLE"] == light.table
    assert answer["env"]["RECONCILER_REPO_URL"] == light.git_url
    assert not any(name.startswith("MINISTACK_") for name in answer["env"])
    assert 110_000 < answer["left"] <= 120_000


def test_a_sandbox_has_a_tmp_of_its_own(light: StackInfo) -> None:
    _, answer = invoke(light, "Reconcile", {})
    assert Path(light.home) in Path(answer["tmp"]).parents


def test_an_exception_is_a_function_error(light: StackInfo) -> None:
    error, answer = invoke(light, "Reconcile", {"fail": True})
    assert error is not None
    # The emulator wraps what the runtime client said, word for word.
    assert "ValueError" in answer["errorMessage"]
    assert "as asked" in answer["errorMessage"]


def test_what_a_function_prints_is_in_a_log_of_its_own(light: StackInfo) -> None:
    word = uuid.uuid4().hex
    invoke(light, "Sweep", {"word": word})
    log = Path(light.logs) / "functions" / f"{light.functions['Sweep']}.log"
    assert word in log.read_text()


def test_a_function_that_exceeds_its_timeout_is_killed_with_its_children(light: StackInfo) -> None:
    nap = "98765.4321"
    began = time.monotonic()
    error, answer = invoke(light, "OnPush", {"hang": nap})
    assert error is not None
    assert "timed out after 3.00 seconds" in answer["errorMessage"]
    assert time.monotonic() - began < 30
    wait_until(lambda: not running(light, nap), 10, "its child is gone")
    assert invoke(light, "OnPush", {})[0] is None


def test_a_killed_invocation_is_an_error_that_its_log_names(light: StackInfo) -> None:
    functions, nap = Functions(light), "87654.3210"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(invoke, light, "Reconcile", {"hang": nap})
        request = functions.kill_when("Reconcile", lambda: bool(running(light, nap)), 60)
        error, said = answer.result(60)
    assert error is not None
    assert "Runtime.ExitError" in json.dumps(said)
    assert functions.killed("Reconcile") == [request]
    wait_until(lambda: not running(light, nap), 10, "its child is gone")
    assert invoke(light, "Reconcile", {})[0] is None
    assert functions.under_way("Reconcile") == []
    assert functions.killed("Reconcile") == [request]


def running(info: StackInfo, word: str) -> list[str]:
    commands = [Path(f"/proc/{pid}/cmdline") for pid in family(info.processes["lambda"])]
    return [path.read_text() for path in commands if path.exists() and word in path.read_text()]


def test_a_message_in_the_queue_starts_reconcile(light: StackInfo) -> None:
    sent = send(light, "dev", {"environment": "dev"})
    wait_until(lambda: sent in seen(light), 20, "the message is seen")


def test_a_slow_environment_does_not_hold_up_another(light: StackInfo) -> None:
    slow = send(light, "slow", {"environment": "slow", "sleep": 8})
    wait_until(lambda: slow in seen(light), 20, "the slow one has begun")
    began = time.monotonic()
    quick = send(light, "quick", {"environment": "quick"})
    wait_until(lambda: quick in seen(light), 20, "the quick one is seen")
    assert time.monotonic() - began < 7


def test_an_event_on_the_bus_of_codecommit_starts_on_push(light: StackInfo) -> None:
    word = uuid.uuid4().hex
    detail = {"referenceType": "branch", "referenceName": "main", "commitId": word}
    entry = {
        "Source": "local.codecommit",
        "DetailType": "CodeCommit Repository State Change",
        "Detail": json.dumps(detail),
    }
    client("events", light.aws_endpoint).put_events(Entries=[entry])
    log = Path(light.logs) / "functions" / f"{light.functions['OnPush']}.log"
    wait_until(lambda: log.exists() and word in log.read_text(), 20, "the event arrives")


def send(info: StackInfo, group: str, body: dict[str, Any]) -> str:
    answer = client("sqs", info.aws_endpoint).send_message(
        QueueUrl=info.queue_url,
        MessageBody=json.dumps(body),
        MessageGroupId=group,
        MessageDeduplicationId=uuid.uuid4().hex,
    )
    return str(answer["MessageId"])


def seen(info: StackInfo) -> set[str]:
    listed = client("s3", info.aws_endpoint).list_objects_v2(Bucket=info.artifact_bucket, Prefix="seen/")
    return {item["Key"].removeprefix("seen/") for item in listed.get("Contents", [])}

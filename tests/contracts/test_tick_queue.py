"""What every tick queue guarantees: each ask arrives once, repeats within five minutes do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.adapters.memory import MemoryClock, MemoryTickQueue
from reconciler.adapters.sqs_queue import SqsTickQueue
from reconciler.model.reason import TriggeredBy
from reconciler.ports import TickQueue

Asked = list[tuple[str, str, str]]
Queue = tuple[TickQueue, Callable[[], Asked]]


def receive(client: Any, url: str) -> Asked:
    """All asks on the queue, deleted."""
    asked: Asked = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            asked.append((body["environment"], body["triggeredBy"], body["hint"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(asked)


@pytest.fixture(params=["twin", "sqs"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "twin":
        twin = MemoryTickQueue(MemoryClock())
        return twin, lambda: sorted((ask.environment, ask.triggered_by, ask.hint) for ask in twin.asked)
    client = request.getfixturevalue("aws").client("sqs")
    url = client.create_queue(QueueName="ticks.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return SqsTickQueue(client, url), lambda: receive(client, url)


def test_an_ask_arrives_with_all_it_says(queue: Queue) -> None:
    ticks, asked = queue
    ticks.request("dev", TriggeredBy.WEBHOOK, "a" * 40, "push-1")
    assert asked() == [("dev", "webhook", "a" * 40)]


def test_ten_times_the_same_webhook_asks_once(queue: Queue) -> None:
    ticks, asked = queue
    for _ in range(10):
        ticks.request("dev", TriggeredBy.WEBHOOK, "a" * 40, "push-1")
    assert len(asked()) == 1


def test_one_push_asks_for_every_environment(queue: Queue) -> None:
    ticks, asked = queue
    for environment in ("dev", "staging", "prod"):
        ticks.request(environment, TriggeredBy.WEBHOOK, "a" * 40, "push-1")
    assert [environment for environment, _, _ in asked()] == ["dev", "prod", "staging"]


def test_another_push_asks_again(queue: Queue) -> None:
    ticks, asked = queue
    ticks.request("dev", TriggeredBy.WEBHOOK, "a" * 40, "push-1")
    ticks.request("dev", TriggeredBy.WEBHOOK, "b" * 40, "push-2")
    assert len(asked()) == 2


def test_a_dedup_may_be_any_text(queue: Queue) -> None:
    ticks, asked = queue
    ticks.request("dev", TriggeredBy.MANUAL, "", "ä " * 200)
    assert asked() == [("dev", "manual", "")]


def test_the_twin_asks_again_after_five_minutes() -> None:
    clock = MemoryClock()
    twin = MemoryTickQueue(clock)
    for pause in (0, 299, 1):
        clock.advance(pause)
        twin.request("dev", TriggeredBy.SCHEDULE, "", "same")
    assert len(twin.asked) == 2

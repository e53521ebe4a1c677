"""What every event bus guarantees: all events, in order, and never silence about one that was lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from reconciler.adapters.eventbridge import EventBridgeBus, envelope
from reconciler.adapters.memory import MemoryEventBus
from reconciler.core.chain import link
from reconciler.model.errors import Terminal, Transient
from reconciler.model.event import Event
from reconciler.ports import EventBus
from tests.builders import NOW, event_draft

Bus = tuple[EventBus, Callable[[], list[int]]]


def events(n: int) -> tuple[Event, ...]:
    """``n`` events of dev."""
    return link(0, "", [event_draft(f"event {number}") for number in range(n)], "dev", NOW)


def delivered(client: Any, url: str) -> list[dict[str, Any]]:
    """What a rule sent to a queue, in the order of arrival."""
    found: list[dict[str, Any]] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.fixture
def listening(aws: Any) -> tuple[Any, Callable[[], list[dict[str, Any]]]]:
    """A bus with a rule for our source, and what the rule delivered."""
    client, sqs = aws.client("events"), aws.client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.create_event_bus(Name="reconciler")
    client.put_rule(Name="ours", EventBusName="reconciler", EventPattern='{"source": ["reconciler"]}')
    client.put_targets(Rule="ours", EventBusName="reconciler", Targets=[{"Id": "heard", "Arn": arn}])
    return client, lambda: delivered(sqs, url)


@pytest.fixture(params=["twin", "eventbridge"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "twin":
        twin = MemoryEventBus()
        return twin, lambda: [event.sequence for event in twin.published]
    client, heard = request.getfixturevalue("listening")
    return EventBridgeBus(client, "reconciler"), lambda: sorted(
        event["detail"]["customData"]["sequence"] for event in heard()
    )


def test_nothing_to_say_is_fine(bus: Bus) -> None:
    bus[0].publish(())
    assert bus[1]() == []


def test_more_than_one_call_of_events_arrives(bus: Bus) -> None:
    bus[0].publish(events(23))
    assert bus[1]() == list(range(1, 24))


def test_the_envelope_says_who_what_when_and_why(listening: Any) -> None:
    client, heard = listening
    (event,) = events(1)
    EventBridgeBus(client, "reconciler").publish([event])
    (found,) = heard()
    assert (found["source"], found["detail-type"]) == ("reconciler", "ReconciliationSucceeded")
    detail = found["detail"]
    assert detail == envelope(event)
    assert detail["context"]["id"] == "dev/1"
    assert datetime.fromisoformat(detail["context"]["timestamp"]) == NOW
    assert detail["context"]["type"] == "dev.cdeventsx.reconciler-environment.reconciliationsucceeded.0.1.0"
    ours = detail["customData"]
    assert ours["correlationId"] == f"dev/{'a' * 40}/1"
    assert (ours["severity"], ours["message"], ours["hash"]) == ("info", "event 0", event.hash)


def answers(client: Any, *failed: int) -> Stubber:
    """Let EventBridge refuse that many entries, call by call."""
    stub = Stubber(client)
    for count in failed:
        entries = [{"ErrorCode": "ThrottlingException"}] * count
        stub.add_response("put_events", {"FailedEntryCount": count, "Entries": entries})
    stub.activate()
    return stub


def test_entries_that_were_not_taken_are_a_failure_that_passes(aws: Any) -> None:
    client = aws.client("events")
    answers(client, 2)
    with pytest.raises(Transient, match=r"2 of 3 events.*ThrottlingException"):
        EventBridgeBus(client, "reconciler").publish(events(3))


def test_after_a_failure_no_later_event_overtakes(aws: Any) -> None:
    client = aws.client("events")
    stub = answers(client, 0, 1, 0)
    with pytest.raises(Transient):
        EventBridgeBus(client, "reconciler").publish(events(30))
    with pytest.raises(AssertionError, match="1 responses"):
        stub.assert_no_pending_responses()


def test_a_bus_that_does_not_exist_says_what_to_do(aws: Any) -> None:
    client = aws.client("events")
    stub = Stubber(client)
    stub.add_client_error("put_events", "ResourceNotFoundException", "Event bus nowhere does not exist.", 400)
    stub.activate()
    with pytest.raises(Terminal, match=r"bus nowhere does not exist.*Deploy the stack"):
        EventBridgeBus(client, "nowhere").publish(events(1))

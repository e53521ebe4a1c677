"""Each way in which CloudWatch tells of an alarm reads alike; whatever else comes is refused in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.alarm_events import MAX_MESSAGE, MAX_REASON, Malformed, read
from reconciler.model.alarm import AlarmChange, AlarmValue

NAME, ARN = "platform-prod", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:platform-prod"
AT = datetime(2026, 11, 21, 5, 4, 40, 985_000, UTC)
SINGLE = {"metrics": [{"id": "m1", "metricStat": {"metric": {"name": "HealthFailed"}}}]}
COMPOSITE = {"alarmRule": 'ALARM("platform-prod-health")', "actionsSuppressor": ARN}


def told(**changed: Any) -> dict[str, Any]:
    """What events and calls hold."""
    return {
        "alarmName": NAME,
        "state": {
            "value": "ALARM",
            "reason": "Threshold Crossed: 1 out of 1",
            "reasonData": '{"version":"1.0"}',
            "timestamp": "2026-11-21T05:04:40.985+0000",
        },
        "previousState": {"value": "OK", "timestamp": "2026-11-21T04:04:40.985+0000"},
        "configuration": SINGLE,
        **changed,
    }


def event(**changed: Any) -> dict[str, Any]:
    """As EventBridge delivers it."""
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": "2026-11-21T05:04:41Z",
        "region": "eu-west-1",
        "resources": [ARN],
        "detail": told(**changed),
    }


def call(**changed: Any) -> dict[str, Any]:
    """As an alarm calls a function itself."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": ARN,
        "accountId": "123456789012",
        "time": "2026-11-21T05:04:41.100+0000",
        "region": "eu-west-1",
        "alarmData": told(**changed),
    }


def message(**changed: Any) -> dict[str, Any]:
    """As SNS is told."""
    return {
        "AlarmName": NAME,
        "AlarmDescription": None,
        "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 out of 1",
        "StateChangeTime": "2026-11-21T05:04:40.985+0000",
        "Region": "EU (Ireland)",
        "AlarmArn": ARN,
        "OldStateValue": "OK",
        "Trigger": {"MetricName": "HealthFailed"},
        **changed,
    }


def sns(*messages: object) -> dict[str, Any]:
    """As SNS calls a function."""
    return {
        "Records": [
            {"EventSource": "aws:sns", "Sns": {"Message": one if isinstance(one, str) else json.dumps(one)}}
            for one in messages
        ]
    }


EXPECTED = AlarmChange(
    name=NAME,
    arn=ARN,
    value=AlarmValue.ALARM,
    before=AlarmValue.OK,
    at=AT,
    reason="Threshold Crossed: 1 out of 1",
)
SHAPES = {
    "EventBridge": event(),
    "EventBridge, composite": event(configuration=COMPOSITE),
    "call": call(),
    "call, composite": call(configuration=COMPOSITE),
    "SNS": sns(message()),
    "SNS, composite": sns({**message(), "AlarmRule": 'ALARM("x")', "Trigger": None}),
    "SNS, with an event in it": sns(event()),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_tells_the_same(shape: dict[str, Any]) -> None:
    (change,) = read(shape)
    assert change == EXPECTED
    assert change.identity == f"{NAME}@2026-11-21T05:04:40.985000+00:00"


def test_what_an_alarm_was_may_be_left_out() -> None:
    bare = told()
    del bare["previousState"]
    assert read({**event(), "detail": bare}) == (EXPECTED.model_copy(update={"before": None}),)
    assert read(sns(message(OldStateValue=None)))[0].before is None


def test_several_messages_are_several_changes() -> None:
    found = read(sns(message(), message(AlarmName="platform-dev", NewStateValue="OK")))
    assert [(one.name, one.value) for one in found] == [(NAME, "ALARM"), ("platform-dev", "OK")]


def test_times_of_another_offset_are_the_same_moment() -> None:
    state = {**told()["state"], "timestamp": "2026-11-21T06:04:40.985999+01:00"}
    assert read(event(state=state))[0].identity == EXPECTED.identity


def test_words_of_others_are_cut_to_one_line() -> None:
    why = "Failed\r\nApproved-by: me\x1b[2J\u202e" + "x" * 100_000
    reason = read(event(state={**told()["state"], "reason": why}))[0].reason
    assert reason.startswith("Failed  Approved-by: me [2J xx")
    assert len(reason) == MAX_REASON
    assert reason.isprintable()


def deep(levels: int = 100_000) -> str:
    return "[" * levels + "]" * levels


HOSTILE = {
    "nothing": {},
    "none": None,
    "a list": [event()],
    "text": "ALARM",
    "another event": {"detail-type": "Scheduled Event", "detail": {}},
    "a queue's message": {"Records": [{"body": json.dumps(message())}]},
    "no records": {"Records": []},
    "records that are none": {"Records": "all"},
    "thousands of records": sns(*[message()] * 101),
    "one bad record of two": sns(message(), "garbage"),
    "no JSON": sns("ALARM: platform-prod"),
    "deep JSON": sns(deep()),
    "a huge message": sns(json.dumps(message(NewStateReason="x" * MAX_MESSAGE))),
    "SNS in SNS in SNS": sns(sns(sns(message()))),
    "no name": event(alarmName=None),
    "an empty name": event(alarmName=""),
    "a long name": event(alarmName="x" * 256),
    "a name of two lines": event(alarmName="platform-prod\nSigned-off-by: me"),
    "a name that is none": event(alarmName={"$ne": ""}),
    "no state": event(state=None),
    "a state that is none": event(state=["ALARM"]),
    "another value": event(state={**told()["state"], "value": "RED"}),
    "a value that is none": event(state={**told()["state"], "value": {}}),
    "another value before": event(previousState={"value": "GREEN"}),
    "no time": event(state={"value": "ALARM"}),
    "a time without its offset": event(state={"value": "ALARM", "timestamp": "2026-11-21T05:04:40"}),
    "a number": event(state={"value": "ALARM", "timestamp": 1763701480}),
    "a time before all time": event(state={"value": "ALARM", "timestamp": "0001-01-01T00:00:00+23:00"}),
    "a long time": event(state={"value": "ALARM", "timestamp": "2026-11-21T05:04:40Z" + " " * 10_000}),
    "a call without an alarm": {**call(), "alarmData": "platform-prod"},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_else_is_refused_in_few_words(hostile: object) -> None:
    with pytest.raises(Malformed) as refused:
        read(hostile)
    assert 10 < len(str(refused.value)) < 300
    assert str(refused.value).isprintable()

"""What an alarm was at a time, from its history as CloudWatch tells it. Stubbed: moto has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from reconciler.adapters.cloudwatch_alarms import CloudWatchAlarms
from reconciler.adapters.memory import MemoryAlarms
from reconciler.model.alarm import AlarmValue
from reconciler.model.errors import Terminal, Transient
from tests.builders import NOW

NAME, MINUTE = "reconciler-dev", timedelta(minutes=1)
KINDS = ["MetricAlarm", "CompositeAlarm"]


class Stubbed:
    """CloudWatch as the stubber plays it."""

    def __init__(self) -> None:
        self.boto: Any = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        ).client("cloudwatch")
        self.stub = Stubber(self.boto)
        self.stub.activate()
        self.alarms = CloudWatchAlarms(self.boto)

    def history(self, order: str, window: dict[str, datetime], *rows: dict[str, Any]) -> None:
        asked = {"AlarmName": NAME, "AlarmTypes": KINDS, "HistoryItemType": "StateUpdate", "MaxRecords": 1}
        self.stub.add_response(
            "describe_alarm_history", {"AlarmHistoryItems": list(rows)}, {**asked, "ScanBy": order, **window}
        )

    def are(self, *rows: dict[str, Any]) -> None:
        """Those that are asked for next."""
        said: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
        for one in rows:
            said["CompositeAlarms" if "AlarmRule" in one else "MetricAlarms"].append(one)
        asked = {"AlarmNames": sorted(one["AlarmName"] for one in rows), "AlarmTypes": KINDS}
        self.stub.add_response("describe_alarms", said, {**asked, "MaxRecords": 100})

    def is_now(self, *rows: dict[str, Any]) -> None:
        said = {"MetricAlarms": [], "CompositeAlarms": list(rows)}
        self.stub.add_response(
            "describe_alarms", said, {"AlarmNames": [NAME], "AlarmTypes": KINDS, "MaxRecords": 100}
        )


@pytest.fixture
def cloudwatch() -> Iterator[Stubbed]:
    found = Stubbed()
    yield found
    found.stub.assert_no_pending_responses()


def change(before: str, after: str, at: datetime) -> dict[str, Any]:
    data = {"version": "1.0", "oldState": {"stateValue": before}, "newState": {"stateValue": after}}
    return {"AlarmName": NAME, "Timestamp": at, "HistoryData": json.dumps(data)}


def row(value: str, since: datetime, **other: Any) -> dict[str, Any]:
    return {"AlarmName": NAME, "StateValue": value, "StateUpdatedTimestamp": since, **other}


def test_the_newest_change_before_it_says_what_it_was(cloudwatch: Stubbed) -> None:
    cloudwatch.history("TimestampDescending", {"EndDate": NOW}, change("OK", "ALARM", NOW - MINUTE))
    assert cloudwatch.alarms.value_at(NAME, NOW) is AlarmValue.ALARM


def test_without_one_the_next_change_says_what_it_was(cloudwatch: Stubbed) -> None:
    cloudwatch.history("TimestampDescending", {"EndDate": NOW})
    after = change("INSUFFICIENT_DATA", "ALARM", NOW + MINUTE)
    cloudwatch.history("TimestampAscending", {"StartDate": NOW}, after)
    assert cloudwatch.alarms.value_at(NAME, NOW) is AlarmValue.INSUFFICIENT_DATA


@pytest.mark.parametrize(("since", "was"), [(NOW - MINUTE, AlarmValue.OK), (NOW + MINUTE, None)])
def test_an_alarm_that_never_changed_was_as_it_is_once_it_was_made(
    cloudwatch: Stubbed, since: datetime, was: AlarmValue | None
) -> None:
    cloudwatch.history("TimestampDescending", {"EndDate": NOW})
    cloudwatch.history("TimestampAscending", {"StartDate": NOW})
    cloudwatch.is_now(row("OK", since))
    assert cloudwatch.alarms.value_at(NAME, NOW) is was


def test_an_alarm_of_which_nothing_is_known_was_nothing(cloudwatch: Stubbed) -> None:
    cloudwatch.history("TimestampDescending", {"EndDate": NOW})
    cloudwatch.history("TimestampAscending", {"StartDate": NOW})
    cloudwatch.is_now()
    assert cloudwatch.alarms.value_at(NAME, NOW) is None


@pytest.mark.parametrize("data", ["{", "[]", "null", '{"newState": {"stateValue": "RED"}}'])
def test_a_history_that_cannot_be_read_is_no_answer(cloudwatch: Stubbed, data: str) -> None:
    unreadable = {"AlarmName": NAME, "Timestamp": NOW, "HistoryData": data}
    cloudwatch.history("TimestampDescending", {"EndDate": NOW}, unreadable)
    assert cloudwatch.alarms.value_at(NAME, NOW) is None


def test_since_when_is_when_its_value_changed_not_its_reason(cloudwatch: Stubbed) -> None:
    cloudwatch.is_now(row("ALARM", NOW + MINUTE, StateTransitionedTimestamp=NOW, StateReason="still"))
    alarm = cloudwatch.alarms.find(NAME)
    assert alarm is not None
    assert (alarm.since, alarm.reason) == (NOW, "still")


def test_a_refusal_names_the_permission(cloudwatch: Stubbed) -> None:
    cloudwatch.stub.add_client_error("describe_alarms", "AccessDenied", "no", 403)
    with pytest.raises(Terminal, match="cloudwatch:DescribeAlarms"):
        cloudwatch.alarms.find(NAME)
    cloudwatch.stub.add_client_error("describe_alarm_history", "Throttling", "slower", 400)
    with pytest.raises(Transient, match="cloudwatch:DescribeAlarmHistory"):
        cloudwatch.alarms.value_at(NAME, NOW)


def test_the_twin_remembers_what_its_alarms_were() -> None:
    twin = MemoryAlarms()
    assert twin.value_at(NAME, NOW) is None
    twin.turn(NAME, AlarmValue.OK, at=NOW)
    twin.turn(NAME, AlarmValue.ALARM, at=NOW + MINUTE)
    assert twin.value_at(NAME, NOW - MINUTE) is None
    assert twin.value_at(NAME, NOW + MINUTE / 2) is AlarmValue.OK
    assert twin.value_at(NAME, NOW + MINUTE) is AlarmValue.ALARM


def single(name: str, **other: Any) -> dict[str, Any]:
    return {"AlarmName": name, **({"Period": 60, "EvaluationPeriods": 1} | other)}


def composite(name: str, rule: str) -> dict[str, Any]:
    return {"AlarmName": name, "AlarmRule": rule}


STAT = {"Metric": {"Namespace": "x", "MetricName": "y"}, "Stat": "Sum", "Period": 900}
MATHS = [{"Id": "a", "MetricStat": STAT}, {"Id": "b", "Expression": "a / 2", "Period": 60}]


@pytest.mark.parametrize(
    ("alarm", "window"),
    [
        (single(NAME), MINUTE),
        (single(NAME, Period=300, EvaluationPeriods=3, DatapointsToAlarm=1), 15 * MINUTE),
        ({"AlarmName": NAME, "Metrics": MATHS, "EvaluationPeriods": 2}, 30 * MINUTE),
        ({"AlarmName": NAME, "EvaluationPeriods": 2}, None),
    ],
)
def test_a_single_alarm_looks_back_as_far_as_it_is_evaluated(
    cloudwatch: Stubbed, alarm: dict[str, Any], window: timedelta | None
) -> None:
    cloudwatch.are(alarm)
    assert cloudwatch.alarms.window(NAME) == window


def test_a_composite_alarm_looks_back_as_far_as_any_in_its_rule(cloudwatch: Stubbed) -> None:
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow"
    cloudwatch.are(composite(NAME, f"ALARM(\"quick: one\") AND (NOT OK({arn}) OR ALARM('more'))"))
    cloudwatch.are(composite("more", "ALARM(late)"), single("quick: one"), single("slow", Period=600))
    cloudwatch.are(single("late", EvaluationPeriods=20))
    assert cloudwatch.alarms.window(NAME) == 20 * MINUTE


def test_how_far_back_rules_of_rules_look_is_not_followed_for_ever(cloudwatch: Stubbed) -> None:
    for name, other in ((NAME, "a"), ("a", "b"), ("b", NAME)):
        cloudwatch.are(composite(name, f"ALARM({other})"))
    assert cloudwatch.alarms.window(NAME) is None
    many = " OR ".join(f"ALARM(alarm-{number})" for number in range(101))
    cloudwatch.are(composite(NAME, many))
    assert cloudwatch.alarms.window(NAME) is None


def test_an_alarm_that_is_gone_looks_back_nobody_knows_how_far(cloudwatch: Stubbed) -> None:
    cloudwatch.is_now()
    assert cloudwatch.alarms.window(NAME) is None

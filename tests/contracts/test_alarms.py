"""What every reader of alarms guarantees: the twin, and CloudWatch as moto plays it.

moto has neither composite alarms nor histories: see ``tests/adapters/test_cloudwatch_alarms.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.adapters.cloudwatch_alarms import CloudWatchAlarms
from reconciler.adapters.memory import MemoryAlarms, MemoryClock
from reconciler.model.alarm import AlarmValue
from reconciler.ports import Alarms

NAME = "reconciler-dev"


@dataclass
class Scene:
    """The alarms, and a hand that turns the one of NAME."""

    alarms: Alarms
    turn: Callable[[AlarmValue, str], object]


@pytest.fixture(params=["twin", "cloudwatch"])
def scene(request: pytest.FixtureRequest) -> Scene:
    if request.param == "twin":
        twin = MemoryAlarms(MemoryClock(datetime.now(UTC)))
        return Scene(twin, lambda value, reason: twin.turn(NAME, value, reason))
    client = request.getfixturevalue("aws").client("cloudwatch")

    def turn(value: AlarmValue, reason: str) -> None:
        client.put_metric_alarm(
            AlarmName=NAME,
            Namespace="Reconciler",
            MetricName="HealthFailed",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
        client.set_alarm_state(AlarmName=NAME, StateValue=value.value, StateReason=reason)

    return Scene(CloudWatchAlarms(client), turn)


def test_an_alarm_that_is_not_there_is_none(scene: Scene) -> None:
    assert scene.alarms.find("nowhere") is None


@pytest.mark.parametrize("value", list(AlarmValue))
def test_an_alarm_is_told_as_it_is(scene: Scene, value: AlarmValue) -> None:
    scene.turn(value, "Threshold crossed")
    alarm = scene.alarms.find(NAME)
    assert alarm is not None
    assert (alarm.name, alarm.value, alarm.reason) == (NAME, value, "Threshold crossed")
    assert alarm.since.tzinfo is UTC
    assert abs((datetime.now(UTC) - alarm.since).total_seconds()) < 60


def test_only_the_alarm_of_that_very_name_is_found(scene: Scene) -> None:
    scene.turn(AlarmValue.ALARM, "")
    assert scene.alarms.find(NAME[:-1]) is None


def test_those_that_ring_are_told_of_many(scene: Scene) -> None:
    asked = ["nowhere", NAME, *(f"none-{number}" for number in range(49))]
    scene.turn(AlarmValue.OK, "")
    assert scene.alarms.ringing(asked) == ()
    scene.turn(AlarmValue.ALARM, "")
    assert [alarm.name for alarm in scene.alarms.ringing(asked)] == [NAME]


def test_how_far_back_an_alarm_looks(scene: Scene) -> None:
    scene.turn(AlarmValue.OK, "")
    assert scene.alarms.window(NAME) == timedelta(minutes=1)

"""The emulator's alarms, repaired: one queue's dead letters do not ring another's alarm."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws import client
from local.processes import wait_until
from local.stack_info import StackInfo

pytestmark = pytest.mark.stack


def measure(cloudwatch: Any, queue: str, value: float) -> None:
    cloudwatch.put_metric_data(
        Namespace="Repairs",
        MetricData=[
            {"MetricName": "Dead", "Value": value, "Dimensions": [{"Name": "Queue", "Value": queue}]}
        ],
    )


def test_an_alarm_looks_at_its_own_dimensions_only(light: StackInfo) -> None:
    cloudwatch = client("cloudwatch", light.aws_endpoint)
    for queue in ("dev", "prod"):
        cloudwatch.put_metric_alarm(
            AlarmName=f"dead-{queue}",
            Namespace="Repairs",
            MetricName="Dead",
            Dimensions=[{"Name": "Queue", "Value": queue}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    measure(cloudwatch, "prod", 0)
    measure(cloudwatch, "dev", 5)

    def state(queue: str) -> str:
        found = cloudwatch.describe_alarms(AlarmNames=[f"dead-{queue}"])["MetricAlarms"][0]
        return str(found["StateValue"])

    wait_until(lambda: state("dev") == "ALARM", 20, "dev's alarm rings")
    assert state("prod") == "OK"

"""MWAA's own metrics: all in one call, the newest of each, and what is not told is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from reconciler.adapters.cloudwatch_metrics import METRICS, NAMESPACE, MwaaMetrics
from reconciler.model.errors import Terminal

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC).replace(second=0, microsecond=0)


def tell(client: Any, name: str, value: float, ago: int, environment: str = "finedge-dev") -> None:
    dimensions = {"Function": METRICS[name][0], "Environment": environment}
    client.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": name,
                "Timestamp": NOW - ago * MINUTE,
                "Value": value,
                "Dimensions": [{"Name": key, "Value": one} for key, one in dimensions.items()],
            }
        ],
    )


def test_the_newest_value_of_each_metric_of_this_environment_is_told(aws: Any) -> None:
    client = aws.client("cloudwatch")
    for ago, value in ((9, 1.0), (2, 7.0), (30, 99.0)):
        tell(client, "QueuedTasks", value, ago)
    tell(client, "QueuedTasks", 1000, 2, "finedge-prod")
    tell(client, "SchedulerHeartbeat", 12, 3)
    found = MwaaMetrics(client, "finedge-dev").newest(NOW - 10 * MINUTE, NOW)
    assert dict(found.values) == {"QueuedTasks": 7.0, "SchedulerHeartbeat": 12.0}


def test_nothing_told_is_nothing_and_no_zero(aws: Any) -> None:
    found = MwaaMetrics(aws.client("cloudwatch"), "finedge-dev").newest(NOW - 10 * MINUTE, NOW)
    assert dict(found.values) == {}


def test_all_metrics_are_one_call_and_a_refusal_names_the_permission() -> None:
    boto: Any = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
    ).client("cloudwatch")
    with Stubber(boto) as stub:
        stub.add_client_error("get_metric_data", "AccessDenied", "no", 403)
        with pytest.raises(Terminal, match=r"cloudwatch:GetMetricData.*finedge-dev"):
            MwaaMetrics(boto, "finedge-dev").newest(NOW - MINUTE, NOW)
        stub.assert_no_pending_responses()

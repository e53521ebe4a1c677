"""MWAA's own metrics, from CloudWatch: all of them in one call. Opened for an environment by ``bootstrap``.

Names and dimensions: https://docs.aws.amazon.com/mwaa/latest/userguide/access-metrics-cw.html. Who runs the
environment may switch them off; what is not told is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.adapters.aws_errors import translated
from reconciler.model.seen import PlatformMetrics

NAMESPACE = "AmazonMWAA"
PERIOD = 60
"""Seconds; MWAA tells each metric once a minute."""

METRICS: Mapping[str, tuple[str, str]] = {
    "SchedulerHeartbeat": ("Scheduler", "Sum"),
    "ImportErrors": ("DAG Processing", "Maximum"),
    "DagBagSize": ("DAG Processing", "Maximum"),
    "QueuedTasks": ("Executor", "Maximum"),
    "RunningTasks": ("Executor", "Maximum"),
}
"""Each metric with its dimension Function and the statistic that is asked for."""


class MwaaMetrics:
    """The metrics of one MWAA environment; ``client`` is boto3's of CloudWatch."""

    def __init__(self, client: Any, environment: str) -> None:
        self._client = client
        self._environment = environment

    def newest(self, since: datetime, until: datetime) -> PlatformMetrics:
        """The newest value of each metric in that time."""
        with translated("cloudwatch:GetMetricData", f"MWAA environment {self._environment}"):
            said = self._client.get_metric_data(
                MetricDataQueries=[self._query(name) for name in METRICS],
                StartTime=since,
                EndTime=until,
                ScanBy="TimestampDescending",
            )
        results = {row["Id"]: row.get("Values", ()) for row in said["MetricDataResults"]}
        values = {name: float(results[_id(name)][0]) for name in METRICS if results.get(_id(name))}
        return PlatformMetrics(values=values)

    def _query(self, name: str) -> dict[str, Any]:
        function, statistic = METRICS[name]
        dimensions = {"Function": function, "Environment": self._environment}
        metric = {
            "Namespace": NAMESPACE,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        return {"Id": _id(name), "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": statistic}}


def _id(name: str) -> str:
    """An id of a query begins with a lower-case letter."""
    return f"m{name}"

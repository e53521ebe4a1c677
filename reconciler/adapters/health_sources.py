"""What tells of one environment's health besides its Airflow: the warehouse's record and MWAA's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.adapters.cloudwatch_metrics import MwaaMetrics
from reconciler.adapters.snowflake_record import SnowflakeRecord
from reconciler.model.seen import PlatformMetrics, Record


class EnvironmentSources:
    """Those that the environment has."""

    def __init__(self, record: SnowflakeRecord | None, metrics: MwaaMetrics | None) -> None:
        self._record = record
        self._metrics = metrics

    def record(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Record | None:
        """See ``ports.HealthSources``."""
        return None if self._record is None else self._record.read(dag_ids, since, until)

    def platform(self, since: datetime, until: datetime) -> PlatformMetrics | None:
        """See ``ports.HealthSources``."""
        return None if self._metrics is None else self._metrics.newest(since, until)

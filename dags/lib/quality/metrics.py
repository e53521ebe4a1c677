"""Tells measurements as one line of JSON each, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from lib.quality.outcome import Outcome
from lib.warehouse.batch import Batch

NAMESPACE = "FinEdge/DataQuality"
_UNITS = {"row_count": "Count", "null_percentage": "Percent", "mean": "None",
          "rules_passed": "Count", "rules_warned": "Count", "rules_failed": "Count"}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What a table looked like: its rows, the percentage of nulls where none should be, a column's mean."""

    table: str
    row_count: int
    null_percentage: float | None = None
    mean: float | None = None
    mean_of: str = ""


def tell(batch: Batch, measured: Sequence[Measured], outcome: Outcome, output: IO[str]) -> None:
    """Print a line per table, and one for the outcome."""
    now = datetime.now(UTC)
    for one in measured:
        values = {"row_count": one.row_count, "null_percentage": one.null_percentage, "mean": one.mean}
        about = {"table": one.table, **({"mean_of": one.mean_of} if one.mean_of else {})}
        _line(batch, ("dag_id", "table"), about, values, now, output)
    rules = {
        "rules_passed": outcome.passed,
        "rules_warned": outcome.warned,
        "rules_failed": outcome.failed,
    }
    _line(batch, ("dag_id",), {}, rules, now, output)


def _line(
    batch: Batch,
    dimensions: tuple[str, ...],
    about: dict[str, str],
    values: dict[str, float | None],
    now: datetime,
    output: IO[str],
) -> None:
    known = {name: value for name, value in values.items() if value is not None}
    # A run's interval is a property, not a dimension: each value of those is a metric to be paid for.
    line = {
        "_aws": {
            "Timestamp": int(now.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": _UNITS[name]} for name in known],
                }
            ],
        },
        "ts": now.isoformat(timespec="seconds"),
        "dag_id": batch.dag_id,
        "batch_id": batch.id,
        **about,
        **known,
    }
    print(json.dumps(line, separators=(",", ":")), file=output, flush=True)

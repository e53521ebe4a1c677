"""What all functions share: the logger, the metrics (both write to standard output) and their beginning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from reconciler import bootstrap

if TYPE_CHECKING:
    from reconciler.core.verification import MetricValue

logger = Logger()
metrics = Metrics()


def begin(context: LambdaContext) -> None:
    """Let no call outlive this invocation: a function that is cut off can tell nobody why."""
    bootstrap.deadline().set(context.get_remaining_time_in_millis() / 1000)


def emit(values: Iterable[MetricValue]) -> None:
    """Publish values at once: a line of output for all that have the same dimensions."""
    together = defaultdict[tuple[tuple[str, str], ...], list["MetricValue"]](list)
    for value in values:
        together[tuple(sorted(value.dimensions.items()))].append(value)
    for dimensions, group in together.items():
        own = EphemeralMetrics()
        for name, one in dimensions:
            own.add_dimension(name, one)
        for value in group:
            own.add_metric(value.name, value.unit, value.value)
        own.flush_metrics()

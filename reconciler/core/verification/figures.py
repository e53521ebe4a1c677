"""What is measured of each look, for CloudWatch: bounded names and dimensions."""

from __future__ import annotations

from reconciler.core.verification.judging import Judged
from reconciler.model.value import Value


class MetricValue(Value):
    """One value of one metric. ``unit`` as CloudWatch names it; ``dimensions``: environment and signal."""

    name: str
    value: float
    unit: str = "Count"
    dimensions: dict[str, str] = {}


def metrics(judged: Judged) -> tuple[MetricValue, ...]:
    """What to publish of one look."""
    here = {"environment": judged.state.environment}
    return (
        MetricValue(name="HealthChecked", value=1, dimensions=here),
        MetricValue(name="HealthFailed", value=0, dimensions=here),
    )

"""One message of the FIFO queue: one tick of one environment.

Every outcome that is understood is acknowledged: the sweep looks again. What raises is our own bug: the
message returns to the queue, and after some tries goes to the dead letters, which an alarm watches.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import logger, metrics
from reconciler import bootstrap
from reconciler.engine.tick import tick
from reconciler.model.reason import TriggeredBy


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """``event`` is an SQS batch of one."""
    for record in event["Records"]:
        _tick(json.loads(record["body"]), context.aws_request_id)


def _tick(message: dict[str, str], request_id: str) -> None:
    environment = message["environment"]
    logger.append_keys(environment=environment, triggered_by=message["triggeredBy"])
    if environment not in bootstrap.settings().environments:
        logger.error("a tick was asked for an environment that this stack does not serve")
        return
    result = tick(bootstrap.world(holder=request_id), environment, TriggeredBy(message["triggeredBy"]))
    metrics.add_dimension("environment", environment)
    metrics.add_dimension("outcome", result.outcome)
    metrics.add_metric("Tick", MetricUnit.Count, 1)
    logger.info(result.message, extra={"outcome": result.outcome})

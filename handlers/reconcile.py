"""One message of the FIFO queue: one tick of one environment.

Every outcome that is understood is acknowledged: the sweep looks again. What raises is our own bug: the
message returns to the queue, and after some tries goes to the dead letters, which an alarm watches.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import logger, metrics
from reconciler import bootstrap
from reconciler.engine.tick import tick
from reconciler.model.tick_request import TickRequest


@metrics.log_metrics
@logger.inject_lambda_context
@event_source(data_class=SQSEvent)
def handler(event: SQSEvent, context: LambdaContext) -> None:
    """``event`` is an SQS batch of one."""
    for record in event.records:
        _tick(TickRequest.model_validate_json(record.body), context.aws_request_id)


def _tick(request: TickRequest, request_id: str) -> None:
    environment = request.environment
    logger.append_keys(environment=environment, triggered_by=request.triggered_by, hint=request.hint)
    if environment not in bootstrap.settings().environments:
        logger.error("a tick was asked for an environment that this stack does not serve")
        return
    outcome = "bug"
    try:
        result = tick(bootstrap.world(holder=request_id), environment, request.triggered_by)
        outcome = result.outcome
        logger.info(result.message, extra={"outcome": outcome})
        if result.trouble:
            logger.error(result.trouble)
    finally:
        metrics.add_dimension("environment", environment)
        metrics.add_dimension("outcome", outcome)
        metrics.add_metric("Tick", MetricUnit.Count, 1)

"""One message of the FIFO queue: one tick of one environment.

Every outcome that is understood is acknowledged: the sweep looks again. So is a message that is none of ours:
it would never become one, and holds up its environment. What raises is our own bug: the message returns to
the queue, and after some tries goes to the dead letters, which an alarm watches.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from handlers.telemetry import begin, emit, logger, metrics
from reconciler import bootstrap
from reconciler.engine.tick import tick
from reconciler.model.errors import ReconcilerError, Terminal
from reconciler.model.event import EventDraft
from reconciler.model.reason import Reason, Severity
from reconciler.model.tick_request import TickRequest


@metrics.log_metrics
@logger.inject_lambda_context
@event_source(data_class=SQSEvent)
def handler(event: SQSEvent, context: LambdaContext) -> None:
    """``event`` is an SQS batch of one. ``Terminal`` if the function's timeout does not fit its lease."""
    begin(context)
    _check_timeout(context)
    for record in event.records:
        try:
            request = TickRequest.model_validate_json(record.body)
        except ValidationError:
            _poison(record)
        else:
            _tick(request, context.aws_request_id)


def _check_timeout(context: LambdaContext) -> None:
    seconds, time = context.get_remaining_time_in_millis() / 1000, bootstrap.settings().tick_time
    if not time.fits(seconds):
        _count("unknown", "misconfigured")
        raise Terminal(
            f"A tick may run for {seconds:.0f} s, which does not fit a lease of {time.lease_seconds:.0f} s.",
            f"Deploy the stack with TickSeconds at {time.timeout_seconds:.0f}, four fifths of LeaseSeconds.",
            Reason.INVALID_CONFIGURATION,
        )


def _poison(record: SQSRecord) -> None:
    """Tell of a message that nobody can read. Its group is the environment that it would have held up."""
    group = record.attributes.message_group_id or ""
    message = f"Message {record.message_id} in the tick queue is no request for a tick; it was dropped."
    logger.error(message, extra={"body": record.body[:500], "group": group})
    served = group in bootstrap.settings().environments
    _count(group if served else "unknown", "poison")
    if not served:
        return
    to_do = "Find out who may send to the queue: only our functions and `reconciler sync` should."
    event = EventDraft(reason=Reason.POISON_MESSAGE, severity=Severity.ERROR, message=f"{message} {to_do}")
    try:
        bootstrap.store().append(group, event)
    except ReconcilerError as error:
        logger.error(f"it could not be told either: {error}")


def _tick(request: TickRequest, request_id: str) -> None:
    environment = request.environment
    logger.append_keys(environment=environment, triggered_by=request.triggered_by, hint=request.hint)
    if environment not in bootstrap.settings().environments:
        logger.error("a tick was asked for an environment that this stack does not serve")
        _count("unknown", "not-served")
        return
    outcome = "bug"
    try:
        result = tick(bootstrap.world(holder=request_id), environment, request.triggered_by)
        outcome = result.outcome
        logger.info(result.message, extra={"outcome": outcome})
        emit(result.figures)
        if result.trouble:
            logger.error(result.trouble)
    finally:
        _count(environment, outcome)


def _count(environment: str, outcome: str) -> None:
    metrics.add_dimension("environment", environment)
    metrics.add_dimension("outcome", outcome)
    metrics.add_metric("Tick", MetricUnit.Count, 1)

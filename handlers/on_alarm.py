"""An alarm changed: as EventBridge's event, as the alarm's own call, or as a message of SNS.

What is no alarm is logged and acknowledged: it would never become one. What fails outside, or an environment
that is in use for too long, raises: Lambda tries again, and in the end it goes to the dead letters, which an
alarm watches. What was begun goes on by itself, each minute.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import begin, logger, metrics
from reconciler import bootstrap
from reconciler.core.alarm_events import Malformed, read
from reconciler.engine.reverting import heard
from reconciler.engine.world import Lookout
from reconciler.model.alarm import AlarmChange
from reconciler.model.errors import ReconcilerError


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Acts on each change that ``event`` tells of, and then raises the first failure."""
    begin(context)
    try:
        changes = read(event)
    except Malformed as error:
        logger.error("no alarm", extra={"why": str(error)})
        _count("malformed")
        return
    lookout = bootstrap.lookout(holder=context.aws_request_id)
    failures = [failure for change in changes if (failure := _hear(lookout, change)) is not None]
    _count("failed" if failures else "heard")
    if failures:
        raise failures[0]


def _hear(lookout: Lookout, change: AlarmChange) -> ReconcilerError | None:
    with logger.append_context_keys(alarm=change.name, value=change.value):
        try:
            logger.info(heard(lookout, change))
        except ReconcilerError as error:
            logger.error(str(error))
            return error
    return None


def _count(outcome: str) -> None:
    metrics.add_dimension("outcome", outcome)
    metrics.add_metric("AlarmHeard", MetricUnit.Count, 1)

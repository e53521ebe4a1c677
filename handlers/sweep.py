"""Each minute: asks for a tick of every environment. The only clock; finds lost webhooks and drift."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import begin, logger
from reconciler import bootstrap
from reconciler.model.reason import TriggeredBy


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """``event`` is the schedule's; EventBridge may deliver it twice, and a retry of it asks only once."""
    begin(context)
    queue = bootstrap.queue()
    sweep = event.get("id") or context.aws_request_id
    environments = bootstrap.settings().environments
    for environment in environments:
        queue.request(environment, TriggeredBy.SCHEDULE, hint="", dedup=f"sweep-{environment}-{sweep}"[:128])
    logger.info(f"ticks asked for: {len(environments)}", extra={"environments": list(environments)})

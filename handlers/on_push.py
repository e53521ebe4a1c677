"""A push to the environment repo: a Git host's webhook, or CodeCommit's event. Asks for a tick, no more.

The body is not parsed before its signature is verified. What it says is a hint: the tick reads the branch.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import logger, metrics
from reconciler import bootstrap
from reconciler.core.webhook import (
    MAX_BODY_BYTES,
    Hint,
    Ignored,
    Malformed,
    read_codecommit,
    read_github,
    signature_valid,
)
from reconciler.model.reason import TriggeredBy

Response = dict[str, Any]


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:  # noqa: ARG001
    """Answers 202 (asked for ticks), 200 (nothing to do with us), 400, 401 or 413."""
    if "detail-type" in event:
        hint = read_codecommit(event.get("detail") or {}, bootstrap.settings().repo_branch)
        return _ask(hint, TriggeredBy.COMMIT)
    return _webhook(event)


def _webhook(event: dict[str, Any]) -> Response:
    request = LambdaFunctionUrlEvent(event)
    headers, body = request.headers, _body(request)
    if len(body) > MAX_BODY_BYTES:
        return _answer(
            413, f"The body has {len(body)} bytes; {MAX_BODY_BYTES} is the most. Send push events only."
        )
    if not signature_valid(bootstrap.webhook_secret(), body, headers.get("x-hub-signature-256")):
        logger.warning("webhook refused: its signature does not match")
        return _answer(401, "X-Hub-Signature-256 does not match the webhook's secret.")
    try:
        hint = read_github(headers.get("x-github-event"), body, bootstrap.settings().repo_branch)
    except Malformed as error:
        return _answer(400, str(error))
    return _ask(hint, TriggeredBy.WEBHOOK)


def _body(request: LambdaFunctionUrlEvent) -> bytes:
    """The very bytes that were signed."""
    body = request.body or ""
    return base64.b64decode(body) if request.is_base64_encoded else body.encode()


def _ask(hint: Hint | Ignored, triggered_by: TriggeredBy) -> Response:
    if isinstance(hint, Ignored):
        logger.info("push ignored", extra={"why": hint.why})
        return _answer(200, f"Ignored: {hint.why}.")
    queue, environments = bootstrap.queue(), bootstrap.settings().environments
    for environment in environments:
        queue.request(environment, triggered_by, hint=hint.commit, dedup=f"push-{environment}-{hint.commit}")
    logger.info("ticks asked for", extra={"commit": hint.commit, "environments": list(environments)})
    return _answer(202, f"Looking at {', '.join(environments)}.")


def _answer(status: int, message: str) -> Response:
    metrics.add_dimension("status", str(status))
    metrics.add_metric("Push", MetricUnit.Count, 1)
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"message": message}),
    }

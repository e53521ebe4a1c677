"""A push to the environment repo: a Git host's webhook, or CodeCommit's event. Asks for a tick, no more.

The body is not parsed before its signature is verified. What it says is a hint: the tick reads the branch.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.telemetry import begin, logger, metrics
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
from reconciler.model.errors import ReconcilerError
from reconciler.model.reason import TriggeredBy

Response = dict[str, Any]


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Answers 202 (asked for ticks), 200 (nothing to do with us), 400, 401, 413, 415, or 503 (ask again)."""
    begin(context)
    try:
        if "detail-type" in event:
            return _codecommit(event)
        return _webhook(event)
    except Malformed as error:
        logger.warning("push refused", extra={"why": str(error)})
        return _answer(400, str(error))
    except ReconcilerError as error:
        # What exactly is for our log: whoever asks may be anybody.
        logger.error(str(error))
        return _answer(503, "Not possible now. The commit is found within a minute all the same.")


def _codecommit(event: dict[str, Any]) -> Response:
    hint = read_codecommit(event.get("detail") or {}, bootstrap.settings().repo_branch)
    return _ask(hint, TriggeredBy.COMMIT)


def _webhook(event: dict[str, Any]) -> Response:
    request = LambdaFunctionUrlEvent({"headers": {}, **event})
    headers, body = request.headers, _body(request)
    if len(body) > MAX_BODY_BYTES:
        return _answer(
            413,
            f"The body has {len(body)} bytes; {MAX_BODY_BYTES} is the most. Send push events only; this "
            "commit is found within a minute all the same.",
        )
    if not signature_valid(bootstrap.webhook_secret(), body, headers.get("x-hub-signature-256")):
        logger.warning("webhook refused: its signature does not match")
        return _answer(401, "X-Hub-Signature-256 does not match the webhook's secret.")
    content_type = headers.get("content-type") or "application/json"
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return _answer(
            415, "The content type has to be application/json: choose it in the webhook's settings."
        )
    hint = read_github(headers.get("x-github-event"), body, bootstrap.settings().repo_branch)
    return _ask(hint, TriggeredBy.WEBHOOK)


def _body(request: LambdaFunctionUrlEvent) -> bytes:
    """The very bytes that were signed. ``Malformed`` if they cannot be had."""
    body = request.body or ""
    try:
        if request.is_base64_encoded:
            return base64.b64decode(body, validate=True)
        return body.encode()
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"the body cannot be decoded ({error.__class__.__name__})") from None


def _ask(hint: Hint | Ignored, triggered_by: TriggeredBy) -> Response:
    if isinstance(hint, Ignored):
        logger.info("push ignored", extra={"why": hint.why})
        return _answer(200, f"Ignored: {hint.why}.")
    queue, environments = bootstrap.queue(), bootstrap.settings().environments
    if hint.environment is not None:
        environments = tuple(name for name in environments if name == hint.environment)
    if not environments:
        return _answer(200, f"Ignored: there is no environment {hint.environment}.")
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

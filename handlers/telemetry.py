"""What all functions share: the logger, the metrics (both write to standard output) and their beginning."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from reconciler import bootstrap

logger = Logger()
metrics = Metrics()


def begin(context: LambdaContext) -> None:
    """Let no call outlive this invocation: a function that is cut off can tell nobody why."""
    bootstrap.deadline().set(context.get_remaining_time_in_millis() / 1000)

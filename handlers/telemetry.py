"""The logger and the metrics that all functions share; both write to standard output, and nothing waits."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()

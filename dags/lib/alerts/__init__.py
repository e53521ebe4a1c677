"""Tells people what went wrong, once each: `default_args` for every DAG, `notify` for what else there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lib.alerts.event import Severity
from lib.alerts.failure import OnFailure

__all__ = ["default_args"]


def default_args(
    owner: str,
    *,
    severity: Severity = "error",
    retries: int = 2,
    retry_delay: timedelta = timedelta(minutes=5),
) -> dict[str, Any]:
    """Arguments for all tasks of a DAG: who owns them, how often they are tried, who hears of a failure."""
    return {
        "owner": owner,
        "retries": retries,
        "retry_delay": retry_delay,
        "on_failure_callback": OnFailure(severity),
    }

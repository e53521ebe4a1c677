"""What Airflow calls when a task has failed for good."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lib.alerts.event import Event, Severity

log = logging.getLogger(__name__)

# What others raise may quote a row: of theirs only the name is told, the rest is in the log.
_OURS = ("lib.", "airflow.")


@dataclass(frozen=True)
class OnFailure:
    """An `on_failure_callback`. Never raises: the task's own error is the one to be seen."""

    severity: Severity = "error"

    def __call__(self, context: Mapping[str, Any]) -> None:
        from lib.alerts.notifier import notify

        try:
            notify(failure(context, self.severity))
        except Exception:
            log.exception("nobody could be told of the failure")


def failure(context: Mapping[str, Any], severity: Severity) -> Event:
    """The event that a failed task's context describes."""
    one, error = context["ti"], context.get("exception")
    return Event(
        kind="task_failed",
        dag_id=one.dag_id,
        task_id=one.task_id,
        run_id=one.run_id,
        severity=severity,
        owner=context["task"].owner,
        message=_told(error) if isinstance(error, BaseException) else "the task's process is gone",
        occurred_at=datetime.now(UTC),
        log_url=getattr(one, "log_url", None) or "",
        try_number=one.try_number,
    )


def _told(error: BaseException) -> str:
    # What has to fail at once is wrapped for Airflow; people want to hear what it was.
    if type(error).__name__ == "AirflowFailException" and error.__cause__ is not None:
        error = error.__cause__
    name = type(error).__name__
    return f"{name}: {error}" if type(error).__module__.startswith(_OURS) else name

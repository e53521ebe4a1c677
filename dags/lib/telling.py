"""Tells people something about a running task that is no failure of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib.alerts.event import Event, Severity
from lib.alerts.notifier import notify


def tell(context: Mapping[str, Any], kind: str, severity: Severity, message: str) -> None:
    """Once for each kind and run. The message must not hold what a source's rows hold."""
    one = context["ti"]
    notify(
        Event(
            kind=kind,
            dag_id=one.dag_id,
            task_id=one.task_id,
            run_id=one.run_id,
            severity=severity,
            owner=context["task"].owner,
            message=message,
            occurred_at=datetime.now(UTC),
            log_url=getattr(one, "log_url", None) or "",
            try_number=one.try_number,
        )
    )

"""Tells the officers of money laundering that alerts wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib.alerts.event import Event
from lib.alerts.notifier import notify


def tell(context: Mapping[str, Any], hits: int) -> None:
    """Notify of so many critical alerts, once for the run. Names nobody whom they are about."""
    one = context["ti"]
    notify(
        Event(
            kind="aml_escalation",
            dag_id=one.dag_id,
            task_id=one.task_id,
            run_id=one.run_id,
            severity="error",
            owner=context["task"].owner,
            message=f"{hits} critical alerts wait in MARTS.FCT_AML_ALERTS; their cases are in OPS.AML_CASE",
            occurred_at=datetime.now(UTC),
            log_url=getattr(one, "log_url", None) or "",
            try_number=one.try_number,
        )
    )

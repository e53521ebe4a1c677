"""Checkpoints as tasks: with the connections, the interval and the people to tell that a run of a DAG has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import task

if TYPE_CHECKING:
    from airflow.sdk.definitions.xcom_arg import XComArg

    from lib.quality.outcome import Outcome
    from lib.warehouse.batch import Batch

Period = Literal["hour", "day", "banking_day", "week", "month"]


def checkpoint(
    suite: str, period: Period, tables: Mapping[str, str] | None = None, *, task_id: str | None = None
) -> XComArg:
    """A task that checks a suite for the run's interval; returns how many expectations ended how, by word.

    `tables`: full names by logical name, for those that are looked at elsewhere than in their own place.
    Fails, without another try, where a rule of severity error does not hold; tells people of warnings.
    """

    @task(task_id=task_id or suite.removesuffix(".json"))
    def check(**context: Any) -> dict[str, int]:
        from lib.intervals import interval_of

        batch = interval_of(context, period).batch(context["dag"].dag_id)
        outcome = checked(suite, batch, tables or {}, context)
        return {"passed": outcome.passed, "warned": outcome.warned, "failed": outcome.failed}

    return check()


def checked(suite: str, batch: Batch, tables: Mapping[str, str], context: Mapping[str, Any]) -> Outcome:
    """Check a suite from within a task, and tell people of warnings.

    Raises AirflowFailException where a rule of severity error does not hold: another try would find the same.
    """
    from airflow.exceptions import AirflowFailException, AirflowNotFoundException
    from airflow.sdk import Connection

    from lib.quality.checkpoint import run_suite
    from lib.quality.outcome import QualityFailed

    try:
        docs = Connection.get("lake")
    except AirflowNotFoundException:
        docs = None
    try:
        tag = f"{context['ti'].dag_id}.{context['ti'].task_id}"
        outcome = run_suite(suite, batch, tables, Connection.get("warehouse"), docs=docs, tag=tag)
    except QualityFailed as failed:
        raise AirflowFailException(str(failed)) from failed
    if outcome.warned:
        _tell_of_warnings(suite, batch, outcome, context)
    return outcome


def _tell_of_warnings(suite: str, batch: Batch, outcome: Outcome, context: Mapping[str, Any]) -> None:
    from lib.alerts.event import Event
    from lib.alerts.notifier import notify

    instance = context["ti"]
    notify(
        Event(
            kind="quality_warning",
            dag_id=instance.dag_id,
            task_id=instance.task_id,
            run_id=instance.run_id,
            severity="warn",
            owner=context["task"].owner,
            message=f"{suite}, {batch.id}: {outcome.warned} rules of severity warn do not hold: "
            + "; ".join(outcome.warnings),
            occurred_at=datetime.now(UTC),
            log_url=getattr(instance, "log_url", None) or "",
            try_number=instance.try_number,
        )
    )

"""What the generated client's rows mean, as values of ours. Used by the modules of ``AirflowClient``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.seen import EndedRun, Heartbeats

RELEASE_TAG = "release:"
"""The loader tags each DAG with the release that it really loaded."""

BY_ASSETS = re.compile(r"Asset(?: or .*)?\Z", re.DOTALL)
"""What Airflow's two asset timetables say in ``timetable_summary``; the list has nothing better."""


def as_dag(row: Any) -> AirflowDag:
    """A DAG."""
    releases = [tag.name.removeprefix(RELEASE_TAG) for tag in row.tags if tag.name.startswith(RELEASE_TAG)]
    return AirflowDag(
        dag_id=row.dag_id,
        active=not row.is_stale,
        paused=row.is_paused,
        # Two tags would mean that Airflow has not caught up with itself: neither is proof.
        release=releases[0] if len(releases) == 1 else None,
        last_parsed_at=_utc(row.last_parsed_time),
        by_assets=bool(BY_ASSETS.match(row.timetable_summary or "")),
        next_run_at=_utc(row.next_dagrun_run_after),
        next_logical_date=_utc(row.next_dagrun_logical_date),
        at_once=row.max_active_runs,
    )


def as_run(row: Any) -> DagRun:
    """A run, in any state."""
    return DagRun(
        dag_id=row.dag_id,
        run_id=row.dag_run_id,
        state=row.state.value,
        run_type=row.run_type.value,
        started_at=_utc(row.start_date),
        due_at=_utc(row.run_after),
        queued_at=_utc(row.queued_at),
        ended_at=_utc(row.end_date),
    )


def as_problem(row: Any) -> ImportProblem:
    """A file that cannot be imported."""
    lines = [line.strip() for line in row.stack_trace.splitlines() if line.strip()]
    return ImportProblem(file=row.filename, message=lines[-1] if lines else "", at=_utc(row.timestamp))


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def as_ended(row: Any) -> EndedRun | None:
    """A run that ended; None for one that has no end, for it was cleared just now."""
    if row.end_date is None:
        return None
    # One that was given up while it was queued has never started.
    began = row.start_date or row.queued_at or row.end_date
    return EndedRun(
        dag_id=row.dag_id,
        run_id=row.dag_run_id,
        state=row.state.value,
        started_at=began.astimezone(UTC),
        ended_at=row.end_date.astimezone(UTC),
    )


def as_beats(said: Any) -> Heartbeats:
    """Signs of life, as ``GET /monitor/health`` tells them; a part that was never started has none."""
    processor = said.dag_processor
    return Heartbeats(
        scheduler=_moment(said.scheduler.latest_scheduler_heartbeat),
        dag_processor=_moment(processor.latest_dag_processor_heartbeat) if processor is not None else None,
        triggerer=_moment(said.triggerer.latest_triggerer_heartbeat),
    )


def _moment(text: str | None) -> datetime | None:
    """Airflow tells these times as text, always in UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

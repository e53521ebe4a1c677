"""Which promises were not kept, as Airflow knows its runs. Called every few minutes by a DAG of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from lib.alerts.deadlines import Deadline
from lib.alerts.event import Event

KIND = "deadline_missed"
# Older ones were told, if anybody was watching then.
WITHIN = timedelta(hours=1)
_EARLIER = 10
_ACTIVE, _ENDED = ["queued", "running"], ["success", "failed"]

Memory = dict[str, dict[str, Any]]
"""Of DAGs that assets begin, by id: since when they have runs under way (`since`), and how many had ended."""


class Runs(Protocol):
    """What a running task may ask Airflow; a task instance answers it."""

    def get_dr_count(
        self,
        dag_id: str,
        logical_dates: list[datetime] | None = None,
        run_ids: list[str] | None = None,
        states: list[str] | None = None,
    ) -> int:
        """How many runs there are."""

    def get_task_states(
        self,
        dag_id: str,
        map_index: int | None = None,
        task_ids: list[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: list[datetime] | None = None,
        run_ids: list[str] | None = None,
    ) -> dict[str, Any]:
        """States by task, by run."""


def missed(deadlines: Iterable[Deadline], runs: Runs, now: datetime) -> Iterator[Event]:
    """An event for each promise about a scheduled run that was not kept within the last hour."""
    for one in deadlines:
        for tick in one.due(now, WITHIN):
            if found := _lacking(one, runs, tick):
                told = f"{found}, {_minutes(one.after)} after it was due at {tick:%Y-%m-%d %H:%M}"
                yield _event(one, f"scheduled__{tick.isoformat()}", told, now)


def overdue(
    deadlines: Iterable[Deadline], runs: Runs, memory: Mapping[str, Any], now: datetime
) -> tuple[list[Event], Memory]:
    """The same for runs that assets begin, and what to remember until the next look.

    Airflow tells a task how many runs are under way, not since when: that is what is remembered.
    """
    events, remembered = list[Event](), Memory()
    for one in deadlines:
        if one.schedule is not None or not runs.get_dr_count(one.dag_id, states=_ACTIVE):
            continue
        ended = runs.get_dr_count(one.dag_id, states=_ENDED)
        before = memory.get(one.dag_id)
        same = before is not None and before["ended"] == ended
        since = before["since"] if before is not None and same else now.isoformat()
        remembered[one.dag_id] = {"since": since, "ended": ended}
        if now - datetime.fromisoformat(since) >= one.after:
            told = f"a run has not ended, {_minutes(one.after)} after it was seen at {since[:16]}"
            events.append(_event(one, f"under way since {since}", told, now))
    return events, remembered


def _lacking(one: Deadline, runs: Runs, tick: datetime) -> str:
    """What has not succeeded of the run that was due, or nothing."""
    if not runs.get_dr_count(one.dag_id, logical_dates=[tick]):
        # A DAG that is new here, or was paused for long, owes nothing for the time before.
        known = runs.get_dr_count(one.dag_id, logical_dates=one.earlier(tick, _EARLIER))
        return "no run was begun" if known else ""
    if one.task_id:
        states = runs.get_task_states(one.dag_id, task_ids=[one.task_id], logical_dates=[tick])
        ended = {state for tasks in states.values() for state in tasks.values()}
        return "" if "success" in ended else f"{one.task_id} has not succeeded"
    if runs.get_dr_count(one.dag_id, logical_dates=[tick], states=["success"]):
        return ""
    return "the run has not succeeded"


def _event(one: Deadline, run_id: str, told: str, now: datetime) -> Event:
    return Event(KIND, one.dag_id, one.task_id, run_id, one.severity, one.owner, told, now)


def _minutes(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 60:.0f} minutes"

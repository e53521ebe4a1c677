"""The fence around a DAG while it is flipped: when it is opened, when it may be flipped, when it is closed.

Idle, then paused, then still idle, then flipped; once that is everywhere and was seen, un-paused. A DAG that
a person paused stays paused. The fence is written down before the DAG is paused, so that a tick that dies
leaves behind what the next one closes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from reconciler.core.drain import Seen, needs_fence
from reconciler.model.environment import AirflowSpec
from reconciler.model.plan import AwaitQuiet, Change, Goal, Unpause
from reconciler.model.state import EnvironmentState, Fence, LiveDag

TOO_LONG = timedelta(minutes=3)
"""A fence that is open for longer is told to people."""

TAKES_EFFECT = timedelta(seconds=3)
"""Airflow 3.0.6 was seen to start a run, by a few milliseconds, after the call that paused its DAG."""

STOPPED = timedelta(seconds=15)
"""By then the tasks of a run that begins anew have ended: heartbeat, SIGTERM and SIGKILL, 5 s apart."""


def is_shut(dag_id: str, state: EnvironmentState, seen: Seen) -> bool:
    """Is the DAG kept from starting runs, as far as anybody knows?"""
    fence = state.fences.get(dag_id)
    return fence is not None and fence.paused_at is not None and seen.paused(dag_id)


def to_open(free: Sequence[Change], goal: Goal, state: EnvironmentState, seen: Seen) -> dict[str, bool]:
    """The DAGs to pause now, and of each whether it is we who pause it."""
    opens = {}
    for change in free:
        if needs_fence(change, goal) and not is_shut(change.dag_id, state, seen):
            fence = state.fences.get(change.dag_id)
            begun = fence is not None and fence.ours
            opens[change.dag_id] = begun or not seen.paused(change.dag_id)
    return opens


def to_flip(
    free: Sequence[Change], goal: Goal, state: EnvironmentState, seen: Seen, now: datetime
) -> list[Change]:
    """The changes that may be made now: those that need no fence, and those whose fence is shut and quiet."""
    return [
        change
        for change in free
        if not needs_fence(change, goal)
        or (is_shut(change.dag_id, state, seen) and _quiet_at(state.fences[change.dag_id]) <= now)
    ]


def to_await(
    free: Sequence[Change], goal: Goal, state: EnvironmentState, seen: Seen, now: datetime
) -> AwaitQuiet | None:
    """The pauses that have to take effect before runs are looked at again."""
    quiet_at = {
        change.dag_id: _quiet_at(state.fences[change.dag_id])
        for change in free
        if needs_fence(change, goal) and is_shut(change.dag_id, state, seen)
    }
    early = tuple(dag_id for dag_id, quiet in quiet_at.items() if quiet > now)
    return AwaitQuiet(dag_ids=early, until=max(quiet_at[dag_id] for dag_id in early)) if early else None


def to_close(
    free: Collection[str], state: EnvironmentState, airflow: AirflowSpec, now: datetime
) -> tuple[Unpause | None, Unpause | None]:
    """The fences to close: at once, and once what was flipped behind them is seen everywhere.

    At once: those behind which nothing is to be flipped any more, or not now, because a run got in between;
    and those whose DAG did not come up in time, for it starts no runs anyway.
    """
    at_once: list[str] = []
    later: dict[str, str | None] = {}
    last = now
    for dag_id, fence in sorted(state.fences.items()):
        if dag_id in free:
            continue
        live = state.live.get(dag_id)
        steady = _steady(fence, live, airflow)
        if steady is None or now > steady + timedelta(seconds=airflow.sync_seconds + airflow.parse_seconds):
            at_once.append(dag_id)
        else:
            later[dag_id] = live.pointer.release if live is not None else None
            last = max(last, steady)
    return (
        _unpause(at_once, {}, now, airflow) if at_once else None,
        _unpause(later, later, last, airflow) if later else None,
    )


def _unpause(
    dag_ids: Iterable[str], expected: dict[str, str | None], not_before: datetime, airflow: AirflowSpec
) -> Unpause:
    return Unpause(
        dag_ids=tuple(dag_ids),
        expected=expected,
        not_before=not_before,
        margin_seconds=airflow.clock_margin_seconds,
    )


def too_long_open(state: EnvironmentState, now: datetime) -> tuple[str, ...]:
    """The DAGs behind a fence that should have been closed by now."""
    return tuple(dag_id for dag_id, fence in sorted(state.fences.items()) if now > fence.opened_at + TOO_LONG)


def _quiet_at(fence: Fence) -> datetime:
    """From then on no run starts. A DAG that somebody else had paused is quiet already."""
    return fence.opened_at if fence.paused_at is None or not fence.ours else fence.paused_at + TAKES_EFFECT


def _steady(fence: Fence, live: LiveDag | None, airflow: AirflowSpec) -> datetime | None:
    """By then every container has copied the folder twice, and uses the new release. None: not flipped."""
    if fence.flipped_at is None:
        return None
    moments = [fence.flipped_at + timedelta(seconds=2 * airflow.sync_seconds)]
    if live is not None:
        moments.append(live.pointer.history[0].since)
    if fence.restarted_at is not None:
        moments.append(fence.restarted_at + STOPPED)
    return max(moments)

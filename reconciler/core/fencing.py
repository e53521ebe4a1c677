"""The fence around a DAG while it is flipped: when it is opened, when it may be flipped, when it is closed.

Idle, then paused, then still idle, then flipped; once that is everywhere and was seen, un-paused. A DAG that
a person paused stays paused. The fence is written down before the DAG is paused, so that a tick that dies
leaves behind what the next one closes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.core.drain import Seen, needs_fence
from reconciler.core.findings import Finding
from reconciler.core.narrative import names
from reconciler.model.environment import AirflowSpec
from reconciler.model.plan import AwaitQuiet, Change, Opening, Unpause
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.state import EnvironmentState, Fence, LiveDag

TOO_LONG = timedelta(minutes=3)
"""A fence that is open for longer is told to people."""

AT_ONCE = 20
"""DAGs paused, or runs restarted, under one record: at MWAA's ten calls a second a few seconds' work."""

TAKES_EFFECT = timedelta(seconds=3)
"""Airflow 3.0.6 was seen to start a run, by a few milliseconds, after the call that paused its DAG."""

STOPPED = timedelta(seconds=15)
"""By then the tasks of a run that begins anew have ended: heartbeat, SIGTERM and SIGKILL, 5 s apart."""


def lasts(airflow: AirflowSpec) -> timedelta:
    """How long a DAG is paused if nothing goes wrong: until each container has copied its flip twice."""
    flipped = max(2 * airflow.sync_seconds, airflow.sync_seconds + airflow.clock_margin_seconds)
    return TAKES_EFFECT + timedelta(seconds=flipped + airflow.clock_margin_seconds)


def is_shut(dag_id: str, state: EnvironmentState, seen: Seen) -> bool:
    """Is the DAG kept from starting runs, as far as anybody knows?"""
    fence = state.fences.get(dag_id)
    return fence is not None and fence.paused_at is not None and seen.paused(dag_id)


def to_open(free: Sequence[Change], state: EnvironmentState, seen: Seen) -> dict[str, Opening]:
    """The DAGs to pause now, not too many, and what to remember of each."""
    opens = {}
    for change in free:
        if needs_fence(change) and not is_shut(change.dag_id, state, seen):
            fence, dag = state.fences.get(change.dag_id), seen.dags.get(change.dag_id)
            begun = fence is not None and fence.ours
            opens[change.dag_id] = Opening(
                ours=begun or not seen.paused(change.dag_id),
                next_run_at=dag.next_run_at if dag is not None else None,
                next_logical_date=dag.next_logical_date if dag is not None else None,
            )
        if len(opens) == AT_ONCE:
            break
    return opens


def to_flip(free: Sequence[Change], state: EnvironmentState, seen: Seen, now: datetime) -> list[Change]:
    """The changes that may be made now: those that need no fence, and those whose fence is shut and quiet."""
    return [
        change
        for change in free
        if not needs_fence(change)
        or (is_shut(change.dag_id, state, seen) and _quiet_at(state.fences[change.dag_id]) <= now)
    ]


def to_await(free: Sequence[Change], state: EnvironmentState, seen: Seen, now: datetime) -> AwaitQuiet | None:
    """The pauses that have to take effect before runs are looked at again."""
    quiet_at = {
        change.dag_id: _quiet_at(state.fences[change.dag_id])
        for change in free
        if needs_fence(change) and is_shut(change.dag_id, state, seen)
    }
    early = tuple(dag_id for dag_id, quiet in quiet_at.items() if quiet > now)
    return AwaitQuiet(dag_ids=early, until=max(quiet_at[dag_id] for dag_id in early)) if early else None


def to_close(
    free: Collection[str], state: EnvironmentState, airflow: AirflowSpec, now: datetime
) -> tuple[Unpause | None, Unpause | None]:
    """The fences to close now, and those to close later.

    Now: those behind which nothing is to be flipped any more, or not yet, because a run got in between; those
    whose flip is everywhere, if Airflow runs it; and those whose DAG did not come up in time.
    """
    ready: dict[str, str | None] = {}
    later: dict[str, str | None] = {}
    last, patience = now, timedelta(seconds=airflow.seen_seconds)
    insists: set[str] = set()
    for dag_id, fence in sorted(state.fences.items()):
        if dag_id in free:
            continue
        live = state.live.get(dag_id)
        release = live.pointer.release if live is not None else None
        steady = _steady(fence, live, airflow)
        if fence.flipped_at is not None and now <= steady + patience:
            insists.add(dag_id)
        if now < steady:
            later[dag_id], last = release, max(last, steady)
        else:
            ready[dag_id] = release
    some = dict(list(ready.items())[:AT_ONCE])
    return _unpause(some, insists, now, airflow), _unpause(later, insists, last, airflow)


def to_let_go(state: EnvironmentState, airflow: AirflowSpec, now: datetime, at_once: bool) -> Unpause | None:
    """The fences to close when nothing else can be done; unflipped ones ``at_once``, or after a while."""
    young = {
        dag_id
        for dag_id, fence in state.fences.items()
        if fence.flipped_at is None and not at_once and now <= fence.opened_at + TOO_LONG
    }
    ready, _ = to_close(young, state, airflow, now)
    return ready.model_copy(update={"patient": False}) if ready is not None else None


def _unpause(
    dags: Mapping[str, str | None], insists: Collection[str], at: datetime, airflow: AirflowSpec
) -> Unpause | None:
    if not dags:
        return None
    return Unpause(
        dag_ids=tuple(dags),
        expected={dag_id: release for dag_id, release in dags.items() if dag_id in insists},
        not_before=at,
        margin_seconds=airflow.clock_margin_seconds,
    )


def open_for_long(state: EnvironmentState, now: datetime) -> Finding | None:
    """Tells people of fences that should have been closed by now, and when they are. None: as before."""
    late = [dag_id for dag_id, fence in sorted(state.fences.items()) if now > fence.opened_at + TOO_LONG]
    condition = state.conditions.get(ConditionType.FENCED)
    if late:
        return _too_long(late)
    return _closed() if condition is not None and condition.status else None


def _too_long(dag_ids: Sequence[str]) -> Finding:
    return Finding(
        type=ConditionType.FENCED,
        status=True,
        reason=Reason.FENCE_OPEN,
        message=(
            f"{names(dag_ids)}: paused for over {TOO_LONG.seconds // 60} minutes, in order to be changed; "
            "scheduled runs are late meanwhile. It is tried each minute to end this; if that does not help, "
            "revert the commit and un-pause in Airflow."
        ),
        severity=Severity.ERROR,
        evidence=tuple(dag_ids),
    )


def _closed() -> Finding:
    return Finding(
        type=ConditionType.FENCED,
        status=False,
        reason=Reason.RECONCILIATION_SUCCEEDED,
        message="No DAG is paused by reconciler any more.",
    )


def _quiet_at(fence: Fence) -> datetime:
    """From then on no run starts. Nobody knows when a person paused a DAG: it may have been just now."""
    return (fence.paused_at or fence.opened_at) + TAKES_EFFECT


def _steady(fence: Fence, live: LiveDag | None, airflow: AirflowSpec) -> datetime:
    """By then every container has copied the folder twice and uses the release, and tasks have stopped."""
    moments = [fence.opened_at]
    if fence.flipped_at is not None:
        moments.append(fence.flipped_at + timedelta(seconds=2 * airflow.sync_seconds))
        moments += [live.pointer.history[0].since] if live is not None else []
    if fence.restarted_at is not None:
        moments.append(fence.restarted_at + STOPPED)
    return max(moments)

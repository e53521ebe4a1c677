"""Which runs in flight hold back which change, and until when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.core.pinning import started_on
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.plan import Action, Change, ChangeClass, Goal, Straggler
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.value import Value


class Seen(Value):
    """What Airflow says of the DAGs that a plan is about: their runs in flight, and how they are.

    ``stale`` are those whose file is gone or does not import: their runs cannot end.
    """

    runs: tuple[DagRun, ...] = ()
    dags: dict[str, AirflowDag] = {}
    stale: frozenset[str] = frozenset()

    def paused(self, dag_id: str) -> bool:
        """Is the DAG paused? One that Airflow does not know starts no runs either."""
        dag = self.dags.get(dag_id)
        return dag is None or dag.paused


class Drain(Value):
    """The runs that hold back changes, and until when they may; whether that is over, and people are told.

    ``ends``: at ``until`` the runs of a condemned release begin anew, and hold back nothing any more.
    """

    blocking: tuple[DagRun, ...] = ()
    until: datetime
    overdue: bool = False
    ends: bool = False


def needs_fence(change: Change) -> bool:
    """Must no run of the DAG be in flight, nor start, while it changes?"""
    return change.action is Action.REMOVE or change.change_class is ChangeClass.DRAINED


def drain(
    changes: Sequence[Change],
    goal: Goal,
    state: EnvironmentState,
    seen: Seen,
    now: datetime,
) -> Drain:
    """Which runs hold back these changes.

    A change whose graph is the same is held back by no run, except by one of a condemned release: those are
    given ``rollback_drain_seconds`` to end before they begin anew.
    """
    operation = state.operation
    ours = operation is not None and operation.finished_at is None and operation.release == goal.release.id
    began = operation.started_at if operation is not None and ours else now
    too_long = now > began + timedelta(seconds=goal.airflow.rollback_drain_seconds)
    by_dag = {change.dag_id: change for change in changes}
    blocking = [
        run
        for run in seen.runs
        if run.dag_id in by_dag
        and run.dag_id not in seen.stale
        and _blocks(run, by_dag[run.dag_id], goal, state, seen, now)
    ]
    left = [run for run in blocking if not (too_long and _rolled_back(run.dag_id, goal, state))]
    rollback = any(_rolled_back(run.dag_id, goal, state) for run in left)
    seconds = goal.airflow.rollback_drain_seconds if rollback else goal.airflow.drain_seconds
    until = began + timedelta(seconds=seconds)
    return Drain(
        blocking=tuple(sorted(left, key=lambda run: (run.dag_id, run.run_id))),
        until=until,
        overdue=bool(left) and now > until,
        ends=rollback,
    )


def stragglers(
    goal: Goal, live: Mapping[str, LiveDag], runs: Sequence[DagRun], now: datetime
) -> tuple[Collection[str], tuple[Straggler, ...]]:
    """The DAGs whose runs can be told apart now, and those of their runs that must begin anew.

    Before a flip is due a run may still start on the release before it.
    """
    ready = {
        dag_id: dag
        for dag_id, dag in live.items()
        if dag.restarted is not None and dag.pointer.history[0].since <= now
    }
    found = [
        Straggler(dag_id=run.dag_id, run_id=run.run_id)
        for run in runs
        if (dag := ready.get(run.dag_id)) is not None
        and run.started_at is not None
        and run.run_id not in (dag.restarted or ())
        and started_on(run, dag.pointer, now) in goal.condemned
    ]
    return ready.keys(), tuple(found)


def _rolled_back(dag_id: str, goal: Goal, state: EnvironmentState) -> bool:
    live = state.live.get(dag_id)
    return live is not None and live.pointer.release in goal.condemned


def _blocks(
    run: DagRun, change: Change, goal: Goal, state: EnvironmentState, seen: Seen, now: datetime
) -> bool:
    live = state.live.get(change.dag_id)
    waits = run.state == "queued"
    if needs_fence(change):
        return not (waits and seen.paused(change.dag_id))
    if live is None or change.action is not Action.UPDATE or waits:
        return False
    return started_on(run, live.pointer, now) in goal.condemned

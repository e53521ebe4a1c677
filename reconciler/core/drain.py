"""Which runs in flight hold back which change, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from reconciler.core.pinning import started_on
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.plan import Action, Change, ChangeClass, Goal, HistoryEntry
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
    """Must no run of the DAG start while it changes?"""
    graph = change.action is Action.REMOVE or change.change_class is ChangeClass.DRAINED
    return graph or change.rolls_back


def is_stale(dag: AirflowDag | None, goal: Goal, now: datetime) -> bool:
    """Did Airflow drop it, and not only for a moment? Its runs do not end before it is mended."""
    if dag is None:
        return True
    if dag.active:
        return False
    return dag.last_parsed_at is None or now > dag.last_parsed_at + _until_seen(goal)


def is_fresh(live: LiveDag, goal: Goal, now: datetime) -> bool:
    """May Airflow still be about to parse what was written?"""
    due = max(live.flipped_at, live.pointer.history[0].since)
    return not live.verified and now < due + _until_seen(goal)


def _until_seen(goal: Goal) -> timedelta:
    return timedelta(seconds=goal.airflow.seen_seconds)


def bad_code(live: LiveDag, goal: Goal) -> frozenset[str]:
    """The condemned releases of a DAG's history in which it is another than in the goal."""
    sealed = goal.release.dags.get(live.pointer.dag_id)
    return frozenset(
        entry.release
        for entry in _condemned(live, goal)
        if sealed is None or entry.fingerprint != sealed.fingerprint
    )


def to_absolve(live: LiveDag, goal: Goal) -> bool:
    """Does a DAG's history name a condemned release, with nothing wrong with this DAG in it?"""
    return bool(_condemned(live, goal)) and not bad_code(live, goal)


def _condemned(live: LiveDag, goal: Goal) -> list[HistoryEntry]:
    return [entry for entry in live.pointer.history if entry.release in goal.condemned and not entry.absolved]


def in_the_way(
    change: Change, goal: Goal, state: EnvironmentState, seen: Seen, now: datetime
) -> tuple[DagRun, ...]:
    """The runs that must have ended, or begin anew, when this DAG changes.

    While a DAG is paused its queued runs do not start. A rollback that leaves the graph as it is only has
    to do with runs that started on what it condemns.
    """
    live = state.live.get(change.dag_id)
    if live is None or not needs_fence(change) or change.dag_id in seen.stale:
        return ()
    runs = [
        run
        for run in seen.runs
        if run.dag_id == change.dag_id and not (run.state == "queued" and seen.paused(run.dag_id))
    ]
    if change.action is Action.UPDATE and change.change_class is not ChangeClass.DRAINED:
        bad = bad_code(live, goal)
        runs = [run for run in runs if started_on(run, live.pointer, now).release in bad]
    return tuple(sorted(runs, key=lambda run: run.run_id))


def drain(
    changes: Sequence[Change],
    goal: Goal,
    state: EnvironmentState,
    seen: Seen,
    over: Collection[str],
    now: datetime,
) -> Drain:
    """Which runs hold back these changes.

    Runs of what is condemned are given ``rollback_drain_seconds``; then they begin anew. Those of the DAGs in
    ``over`` hold back nothing any more.
    """
    operation = state.operation
    ours = operation is not None and operation.finished_at is None and operation.release == goal.release.id
    began = operation.started_at if operation is not None and ours else now
    patience = timedelta(seconds=goal.airflow.rollback_drain_seconds)
    rollbacks = {change.dag_id for change in changes if change.rolls_back}
    blocking = [
        run
        for change in changes
        if not (change.dag_id in rollbacks and now > began + patience) and change.dag_id not in over
        for run in in_the_way(change, goal, state, seen, now)
    ]
    ends = any(run.dag_id in rollbacks for run in blocking)
    # Newer commits may come in the meantime: it is the DAG that has waited for so long.
    since = min((state.held.get(run.dag_id, now) for run in blocking), default=now)
    until = began + patience if ends else since + timedelta(seconds=goal.airflow.drain_seconds)
    return Drain(blocking=tuple(blocking), until=until, overdue=bool(blocking) and now > until, ends=ends)

"""What would be done now: observes one environment and asks the gates. Shared by a tick and by ``plan``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.core.diff import Difference, difference
from reconciler.core.gates import busy, in_flight, ownership
from reconciler.core.planner import Goal, make_plan
from reconciler.core.pointer_file import pointer_key
from reconciler.engine.desired import Wanted
from reconciler.model.plan import Action, Plan, Verdict
from reconciler.model.state import EnvironmentState
from reconciler.ports import Target


def plan_now(
    wanted: Wanted, state: EnvironmentState, target: Target, listing: Mapping[str, str], now: datetime
) -> tuple[Difference, Plan]:
    """The difference to what is wanted, and the plan for it. Airflow is only asked if something differs."""
    diff = difference(wanted.release, state, listing, target.support_digests)
    goal = Goal(revision=wanted.revision, release=wanted.release, airflow=wanted.desired.environment.airflow)
    return diff, make_plan(goal, diff, _verdicts(diff, target), state, now)


def _verdicts(diff: Difference, target: Target) -> tuple[Verdict, ...]:
    touched = [change.dag_id for change in diff.changes if change.action in (Action.UPDATE, Action.REMOVE)]
    writes = bool(diff.changes or diff.support or diff.releases)
    runs = target.airflow.active_runs(touched) if touched else ()
    in_doubt = sorted({run.dag_id for run in runs})
    dags = target.airflow.dags(in_doubt) if in_doubt else {}
    # Stale for want of a pointer that is being put back is not stale for long.
    edited = {dag_id for dag_id in in_doubt if pointer_key(dag_id) in diff.drifted}
    stale = {dag_id for dag_id in in_doubt if dag_id not in dags or not dags[dag_id].active} - edited
    paused = {dag_id for dag_id, dag in dags.items() if dag.paused}
    return (
        ownership(diff.foreign),
        busy(target.airflow.busy() if writes else None),
        in_flight(diff.changes, [run for run in runs if run.dag_id not in stale], paused),
    )

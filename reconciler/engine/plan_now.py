"""What would be done now: observes one environment and asks the gates. Shared by a tick and by ``plan``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.core.diff import Difference, difference, releases_left
from reconciler.core.drain import Seen, drain, is_fresh, is_stale, needs_fence
from reconciler.core.gates import busy, calendar, hold, in_flight, next_run, ownership, pin, pinned, window
from reconciler.core.gates.promotion import still_good
from reconciler.core.patience import impatient, runs_are_over
from reconciler.core.planner import Scene, make_plan
from reconciler.core.pointer_file import pointer_key
from reconciler.core.retention import outdated
from reconciler.core.rollback import condemned_by, forward
from reconciler.core.windows import openings
from reconciler.engine.desired import Wanted
from reconciler.engine.manifests import Manifests
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.plan import Action, Goal, Plan
from reconciler.model.policy import Policy
from reconciler.model.state import EnvironmentState
from reconciler.model.verdict import Verdict
from reconciler.ports import Airflow, Target

_DESCRIBED = 5
"""DAGs of which people are told how long their runs take: each costs a question."""


def plan_now(
    wanted: Wanted,
    state: EnvironmentState,
    target: Target,
    manifests: Manifests,
    listing: Mapping[str, str],
    now: datetime,
) -> tuple[Difference, Plan]:
    """The difference to what is wanted, and the plan for it. Airflow is only asked if something differs."""
    goal = goal_of(wanted, state)
    before = manifests.of(releases_left(goal.release, state))
    diff = difference(goal, state, listing, target.support_digests, before)
    seen = _seen(diff, goal, state, target.airflow, now)
    writes = bool(diff.changes or diff.support or diff.releases)
    policy = _policy(wanted, state)
    waiting = drain(diff.changes, goal, state, seen, runs_are_over(state, policy, now), now)
    blocked = sorted({run.dag_id for run in waiting.blocking})
    scene = Scene(goal, state, seen, now, before)
    onward = forward(state, goal.release.id, diff.changes, goal.condemned)
    verdicts = (
        ownership(diff.foreign),
        busy(target.airflow.busy() if writes else None),
        in_flight(waiting, {one for one in blocked if seen.paused(one)}, _usual(target.airflow, blocked)),
        next_run(diff.changes, state, seen, scene.calendar, goal.airflow, now),
        calendar(onward, scene.calendar, goal.release, wanted.desired.pointer.loses_runs, now),
        hold(state.environment, wanted.desired.holds, goal.release.id, diff.changes),
        pin(wanted.desired.holds, goal.pinned),
        window(openings(policy.windows, now), onward),
        *((still_good(wanted.revoked, diff.changes),) if wanted.revoked is not None else ()),
    )
    return diff, make_plan(scene, diff, impatient(verdicts, state.waiting, policy, goal.release.id, now))


def would_say(world: World, state: EnvironmentState, wanted: Wanted) -> tuple[Verdict, ...]:
    """What the gates would say of a commit that waits for people. Nothing that it says of Airflow is used."""
    known = in_accepted_place(state, wanted)
    if known is None:
        return ()
    with contextlib.suppress(Transient, Terminal):
        target, manifests = world.target(known.desired.environment), Manifests(world.artifacts)
        _, plan = plan_now(known, state, target, manifests, target.folder.list(), world.clock.now())
        return plan.verdicts
    return ()


def in_accepted_place(state: EnvironmentState, wanted: Wanted) -> Wanted | None:
    """A commit as it may be looked at before it is admitted: where it says Airflow is may be anywhere."""
    if state.accepted is None:
        return None
    place = {"environment": state.accepted.desired.environment}
    return replace(wanted, desired=wanted.desired.model_copy(update=place))


def _policy(wanted: Wanted, state: EnvironmentState) -> Policy:
    """What is demanded: by the commit applied last, so that none loosens what it has to pass itself."""
    applied = state.applied.desired if state.applied is not None else wanted.desired
    return applied.environment.policy


def tidying_scene(wanted: Wanted, state: EnvironmentState, airflow: Airflow, now: datetime) -> Scene:
    """What tidying up is decided from. Airflow is only asked if a DAG's history names an old release."""
    old = outdated(state, wanted.release.id)
    runs = airflow.active_runs(old) if old else ()
    return Scene(goal_of(wanted, state), state, Seen(runs=tuple(runs)), now)


def goal_of(wanted: Wanted, state: EnvironmentState) -> Goal:
    """Where to go, from where we are."""
    condemned = condemned_by(state, wanted.release.id)
    return Goal(
        revision=wanted.revision,
        release=wanted.release,
        airflow=wanted.desired.environment.airflow,
        condemned=condemned,
        pinned=pinned(wanted.desired.holds, state, condemned),
    )


def _usual(airflow: Airflow, dag_ids: Sequence[str]) -> dict[str, float]:
    """How long runs of the first few DAGs take, for people; that it cannot be asked is no reason to stop."""
    found = {}
    with contextlib.suppress(Transient, Terminal):
        for dag_id in dag_ids[:_DESCRIBED]:
            found[dag_id] = airflow.usual_seconds(dag_id)
    return {dag_id: seconds for dag_id, seconds in found.items() if seconds is not None}


def _seen(diff: Difference, goal: Goal, state: EnvironmentState, airflow: Airflow, now: datetime) -> Seen:
    keeps = (Action.ADD, Action.HEAL)
    touched = {change.dag_id for change in diff.changes if change.action not in keeps}
    in_question = sorted(touched | set(diff.fenced))
    runs = airflow.active_runs(in_question) if in_question else ()
    fenced = {change.dag_id for change in diff.changes if needs_fence(change)} | set(state.fences)
    asked = sorted(fenced | {run.dag_id for run in runs})
    dags = airflow.dags(asked) if asked else {}
    # Stale for want of a pointer that is being put back, or was just written, is not stale for long.
    edited = {dag_id for dag_id in asked if pointer_key(dag_id) in diff.drifted}
    fresh = {dag_id for dag_id in asked if dag_id in state.live and is_fresh(state.live[dag_id], goal, now)}
    stale = {dag_id for dag_id in asked if is_stale(dags.get(dag_id), goal, now)} - edited - fresh
    return Seen(runs=tuple(runs), dags=dict(dags), stale=frozenset(stale))

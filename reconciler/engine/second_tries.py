"""Clears the runs that a look wants to see tried once more before it blames their release.

Each is cleared only while it is as that look saw it: one that a person cleared, or a tick that died over it,
is not cleared again, however it ended.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from reconciler.core import trying_again
from reconciler.core.clearing import LOOKED_AT
from reconciler.engine.executor import execute
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.plan import Plan
from reconciler.model.state import Applied
from reconciler.model.watch import SecondTry


def try_again(world: World, session: Session) -> None:
    """After a tick has done what it could. What cannot be had now is by a later tick, for a while."""
    asked, accepted = trying_again.asked_for(session.state, session.now), session.state.accepted
    if not asked or accepted is None or session.over:
        return
    why = trying_again.unwanted(session.state)
    if why:
        session.commit(trying_again.answered(session.state, dict.fromkeys(asked, why), session.now))
        return
    with contextlib.suppress(Transient, Terminal):
        _clear(world, session, accepted, asked)


def _clear(world: World, session: Session, accepted: Applied, asked: Mapping[str, SecondTry]) -> None:
    target = world.target(accepted.desired.environment)
    airflow, dag_ids = target.airflow, sorted(asked)
    if airflow.busy() is not None:
        return
    ended = [one.first.ended_at for one in asked.values()]
    runs = airflow.ended_runs(dag_ids, min(ended), max(ended), LOOKED_AT)
    left = trying_again.obstacles(asked, airflow.dags(dag_ids), runs)
    session.commit(trying_again.answered(session.state, left, session.now))
    wanted = {dag_id: one for dag_id, one in asked.items() if dag_id not in left}
    if wanted:
        plan = Plan(
            environment=session.state.environment,
            revision=accepted.revision,
            release=accepted.release,
            steps=(trying_again.step(wanted),),
        )
        execute(session, target, plan, {})

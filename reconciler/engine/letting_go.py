"""Closes fences when a tick cannot go on: whatever is wrong, no DAG stays paused for it.

Called when something was refused or did not answer. Only un-pauses; never writes a file.
"""

from __future__ import annotations

from reconciler.core.fencing import to_let_go
from reconciler.engine.executor import execute
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import ReconcilerError, Terminal
from reconciler.model.plan import Plan


def let_go(world: World, session: Session, error: ReconcilerError) -> None:
    """Un-pause what nothing can be done for now. May raise what `execute` does.

    After what passes by itself, a fence behind which nothing was done yet is given the time it may take.
    """
    accepted = session.state.accepted
    if accepted is None or not session.state.fences:
        return
    environment = accepted.desired.environment
    step = to_let_go(session.state, environment.airflow, session.now, at_once=isinstance(error, Terminal))
    if step is not None:
        plan = Plan(
            environment=environment.name,
            revision=accepted.revision,
            release=accepted.release,
            steps=(step,),
        )
        execute(session, world.target(environment), plan, {})

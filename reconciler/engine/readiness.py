"""Tries what a revert needs before it is needed, without changing anything: the key, the token, the branch.

Called by ``handlers.check_health``, which may read both secrets. Once a day, after each change of the rules
and, while something is missing, each hour: at night it would be found out too late.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from reconciler.core.findings import Finding, observe
from reconciler.engine.leasing import acquired
from reconciler.engine.session import Session
from reconciler.engine.world import Lookout
from reconciler.model.environment import Desired
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.state import Changes, EnvironmentState

GOOD_FOR, BAD_FOR = timedelta(days=1), timedelta(hours=1)
"""So long what was found counts, where nothing else was accepted since."""

_PATIENCE = timedelta(seconds=5)


def try_reverter(lookout: Lookout, environment: str) -> str:
    """Find out whether an alarm could take a release back, if that is due; a line for the log, or nothing.

    Raises ``Transient`` where that cannot be told now: it is tried again in a minute.
    """
    world = lookout.world
    before = world.store.load(environment)
    if before.accepted is None or not _is_due(before, before.accepted.at, world.clock.now()):
        return ""
    finding = _found(lookout, before.accepted.desired)
    try:
        lease = acquired(world, environment, _PATIENCE)
    except Conflict:
        return "Others are at work here; whether a revert could be made is tried again in a minute."
    try:
        now, state = world.clock.now(), world.store.load(environment)
        after, events = observe(state, finding, state.accepted.revision if state.accepted else None, now)
        # Not by the session, which notes that a tick has handled the environment.
        changes = Changes(state=after.model_copy(update={"revert_tried_at": now}), events=events)
        session = Session(world, lease, world.store.commit(lease, changes))
    finally:
        # A lease that cannot be given back runs out by itself.
        with contextlib.suppress(Transient, Terminal):
            world.store.release(lease)
    # Events are kept, and delivered by a later tick.
    with contextlib.suppress(Transient, Terminal):
        session.publish()
    return finding.message


def _is_due(state: EnvironmentState, accepted_at: datetime, now: datetime) -> bool:
    condition = state.conditions.get(ConditionType.REVERTIBLE)
    if state.revert_tried_at is None or condition is None or accepted_at >= state.revert_tried_at:
        return True
    return now - state.revert_tried_at >= (BAD_FOR if condition.status is False else GOOD_FOR)


def _found(lookout: Lookout, desired: Desired) -> Finding:
    name = desired.environment.name
    if desired.reverter is None or not desired.environment.health.revert.automatic:
        return _finding(None, f"By itself nothing is taken back in {name}, as people decided.")
    if lookout.reverter is None:
        why = "The stack has no secret with a key: it was deployed with RevertsByItself=false."
        return _finding(False, f"An alarm could take nothing back in {name}. {why}")
    try:
        lookout.reverter.check(desired.signers)
    except Terminal as error:
        secrets = "The key is in the stack's secret ReverterKey, the token that pushes in ReverterToken."
        return _finding(False, f"An alarm could take nothing back in {name}. {error} {secrets}")
    return _finding(
        True, f"{desired.reverter} could take a release of {name} back: key, token and branch let it."
    )


def _finding(status: bool | None, message: str) -> Finding:
    return Finding(
        type=ConditionType.REVERTIBLE,
        status=status,
        reason=Reason.REVERT_IMPOSSIBLE if status is False else Reason.REVERT_POSSIBLE,
        message=message,
        severity=Severity.ERROR if status is False else Severity.INFO,
        told=status is not None,
    )

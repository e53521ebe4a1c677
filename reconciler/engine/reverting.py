"""Takes a release back when an alarm goes off: one commit on top, that the ordinary tick makes live.

Called by ``handlers.on_alarm`` and, each minute while something is open, by ``handlers.check_health``. What
is about to be pushed is written down before, so that whoever comes after a crash finds out whether it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from reconciler.core.reversal import as_change, concerns, is_copy
from reconciler.engine.leasing import acquired
from reconciler.engine.reversion import Reversion
from reconciler.engine.session import Session
from reconciler.engine.world import Lookout, World
from reconciler.model.alarm import AlarmChange, AlarmValue
from reconciler.model.errors import Conflict, ReconcilerError, Terminal, Transient
from reconciler.model.lease import Lease
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.state import EnvironmentState

_BRIEFLY = timedelta(seconds=5)

_EVERY = 5
"""In each of so many minutes are alarms of one's own asked for that nobody may have told us of."""


def heard(lookout: Lookout, change: AlarmChange) -> str:
    """Act on a change of an alarm, in every environment that it may mean; a line for the log.

    A copy of what was heard before changes nothing. Raises ``Transient`` if something outside fails, or the
    environment is in use for as long as a tick works: then the same change has to come again. Whatever is
    raised, ``look_again`` goes on with what was begun.
    """
    if change.value is not AlarmValue.ALARM:
        return f"{change.name} says {change.value}: nothing is to be taken back."
    told, failed = list[str](), list[ReconcilerError]()
    # First the one that it is the alarm of: no other has to answer for that.
    for name in sorted(lookout.world.environments, key=lambda name: not _is_of(lookout, name, change)):
        try:
            if _is_of(lookout, name, change) or _means(lookout, lookout.world.store.load(name), change.name):
                told.append(f"{name}: {_hear(lookout, name, change)}")
        except ReconcilerError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return " ".join(told) or f"{change.name} takes nothing back in any environment."


def look_again(lookout: Lookout, environment: str) -> str:
    """Go on with an alarm that had to wait, or a revert of which no commit is known; a line for the log.

    An alarm may go off and nobody tell us: where a release was judged Failed it is asked for. Cheap where
    there is nothing of that. To be called without the lease: it takes that itself, and leaves it to the next
    minute if somebody else has it.
    """
    state = lookout.world.store.load(environment)
    untold = () if _is_open(state) else _untold(lookout, state)
    if not untold and not _is_open(state):
        return "No alarm waits."
    try:
        lease = acquired(lookout.world, environment, _BRIEFLY)
    except Conflict:
        return "An alarm waits; it is looked at again when nobody else is at work here."
    return _go_on(lookout, lease, untold)


def _untold(lookout: Lookout, state: EnvironmentState) -> tuple[AlarmChange, ...]:
    """The alarms that ring and that nobody told us of; nobody is asked while all is well."""
    watch, now = state.watch, lookout.world.clock.now()
    if watch is None or watch.stable_at is not None:
        return ()
    if any(one.release == watch.release and one.intended_at >= watch.begun_at for one in state.reverts):
        return ()
    failed, names = watch.failed_at is not None, list(_own(state))
    if failed and lookout.stack:
        names.append(f"{lookout.stack}-{state.environment}")
    if not names or not (failed or now.minute % _EVERY == 0):
        return ()
    ringing = (as_change(alarm) for alarm in lookout.alarms.ringing(names))
    return tuple(change for change in ringing if not is_copy(change, state.heard))


def _is_of(lookout: Lookout, environment: str, change: AlarmChange) -> bool:
    """Is it the stack's alarm of an environment? Its name says so, whatever is remembered there."""
    return concerns(lookout.stack, environment, (), change.name)


def _means(lookout: Lookout, state: EnvironmentState, name: str) -> bool:
    return concerns(lookout.stack, state.environment, _own(state), name)


def _own(state: EnvironmentState) -> tuple[str, ...]:
    """The alarms that people named."""
    accepted = state.accepted
    return accepted.desired.environment.health.revert.alarms if accepted is not None else ()


def _is_open(state: EnvironmentState) -> bool:
    return state.alarm is not None or any(one.commit is None for one in state.reverts[:1])


def _hear(lookout: Lookout, environment: str, change: AlarmChange) -> str:
    world, seconds = lookout.world, lookout.world.time.work_seconds

    def known() -> bool:
        return is_copy(change, world.store.load(environment).heard)

    if known():
        return f"{change.name} was acted on before."
    try:
        lease = acquired(world, environment, timedelta(seconds=seconds), needless=known)
    except Conflict:
        if known():
            return f"{change.name} was acted on by somebody else."
        raise Transient(
            f"{change.name} went off, and {environment} was in use for {seconds:.0f} s.",
            reason=Reason.LEASE_CONTENDED,
        ) from None
    return _go_on(lookout, lease, (change,))


def _go_on(lookout: Lookout, lease: Lease, changes: Sequence[AlarmChange]) -> str:
    with _session(lookout.world, lease) as session:
        reversion = Reversion(lookout, session)
        try:
            for change in changes:
                reversion.hear(change)
            told = reversion.run()
        except Conflict as conflict:
            raise Transient(str(conflict), reason=conflict.reason) from None
        finally:
            # They are kept, and delivered by a later tick.
            with contextlib.suppress(ReconcilerError):
                session.publish()
    if reversion.pushed is not None:
        # Only now that the lease is free; and the sweep finds it within a minute all the same.
        with contextlib.suppress(Transient, Terminal):
            commit = reversion.pushed
            dedup = f"revert-{lease.environment}-{commit}"
            lookout.queue.request(lease.environment, TriggeredBy.ALARM, hint=commit, dedup=dedup)
    return told


@contextmanager
def _session(world: World, lease: Lease) -> Iterator[Session]:
    try:
        yield Session(world, lease, world.store.load(lease.environment))
    finally:
        # A lease that cannot be given back runs out by itself.
        with contextlib.suppress(Transient, Terminal):
            world.store.release(lease)

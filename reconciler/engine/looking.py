"""One look at one environment: is what is live well? Gathers evidence, judges it, writes down the outcome.

Called each minute, and when something was deployed. Level-triggered like a tick, of which it has the lease
only while it writes: so long as it takes to ask Airflow and the warehouse, others may work.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core import aftermath
from reconciler.core.findings import event_of
from reconciler.core.verification import Judged, MetricValue, Wanted, judge, metrics, signs_of_life, wanted
from reconciler.engine.gathering import gather
from reconciler.engine.leasing import acquired
from reconciler.engine.recollection import Recollection
from reconciler.engine.session import Session
from reconciler.engine.world import Lookout, World
from reconciler.model.environment import Environment
from reconciler.model.errors import Conflict, Terminal, Transient
from reconciler.model.health import HealthSpec
from reconciler.model.lease import Lease
from reconciler.model.reason import Reason, TriggeredBy
from reconciler.model.seen import Evidence
from reconciler.model.state import Changes, EnvironmentState

PATIENCE = timedelta(seconds=5)
"""So long is waited for whoever is at work here; then it is the next look's."""

SELDOM = timedelta(minutes=5)
"""What is Stable and well is looked at this often; what is not as it should be, each minute again."""

_UNSEEN = HealthSpec()


@dataclass(frozen=True)
class Look:
    """What a look came to: a line for the log, and what is measured. ``trouble`` went wrong beside it."""

    message: str
    metrics: tuple[MetricValue, ...] = ()
    trouble: str = ""


def look(lookout: Lookout, environment: str, known: Recollection) -> Look:
    """Look once. Raises ``Transient`` or ``Terminal`` if the memory itself cannot be had."""
    world = lookout.world
    before = world.store.load(environment)
    now = world.clock.now()
    if _was_well(before, now):
        return Look("It is Stable, and was well a moment ago.", signs_of_life(before))
    declared, spec = _declared(before)
    asked = wanted(before, spec, now)
    evidence = (
        gather(lookout, before, declared, asked, known)
        if declared is not None and before.watch is not None
        else Evidence(at=asked.at)
    )
    judged = judge(before, spec, evidence)
    if judged.state == before and not judged.news:
        return Look(_line(judged), metrics(judged))
    try:
        lease = acquired(world, environment, PATIENCE)
    except Conflict:
        return Look(
            "Others are at work here; what was seen is left to the next look.", signs_of_life(before, judged)
        )
    try:
        try:
            known.ticked_at = lease.ticked_at
            session = _judged(world, lease, before, asked, evidence, known)
        finally:
            # A lease that cannot be given back runs out by itself.
            with contextlib.suppress(Transient, Terminal):
                world.store.release(lease)
    except Conflict as conflict:
        return Look(str(conflict), signs_of_life(before, judged))
    if session is None:
        return Look(
            "Something changed while it was looked at; the next look sees it.", signs_of_life(before, judged)
        )
    trouble = ""
    _ask_for_the_end(lookout, session[0].state)
    _ask_for_second_tries(lookout, session[1])
    try:
        session[0].publish()
    except (Transient, Terminal) as error:
        # They are kept, and delivered by a later tick.
        trouble = f"Events are not delivered yet. {error}"
    return Look(_line(session[1]), metrics(session[1]), trouble)


def _judged(
    world: World,
    lease: Lease,
    before: EnvironmentState,
    asked: Wanted,
    evidence: Evidence,
    known: Recollection,
) -> tuple[Session, Judged] | None:
    """Judge what is remembered now by what was seen; None if it was seen of something else."""
    state = world.store.load(lease.environment)
    if not _same(before, state, asked.at):
        return None
    _, spec = _declared(state)
    judged = judge(state, spec, evidence.model_copy(update={"ticked_at": known.ticked_at}))
    revision = state.watch.revision if state.watch is not None else state.last_attempted_revision
    events = tuple(event_of(news, judged.state, revision) for news in judged.news)
    # Not by the session, which notes that a tick has handled the environment.
    after = world.store.commit(lease, Changes(state=judged.state, events=events))
    return Session(world, lease, after), judged


def _ask_for_the_end(lookout: Lookout, state: EnvironmentState) -> None:
    """What a revert went back to is well: a tick tells people, and need not wait for the sweep."""
    revert, (_, spec) = aftermath.open_revert(state), _declared(state)
    if revert is None or revert.commit is None or not aftermath.is_well(state, revert, spec):
        return
    dedup = f"well-{state.environment}-{revert.commit}"
    with contextlib.suppress(Transient, Terminal):
        lookout.queue.request(state.environment, TriggeredBy.ALARM, hint=revert.commit, dedup=dedup)


def _ask_for_second_tries(lookout: Lookout, judged: Judged) -> None:
    """A failed run is tried once more: a tick clears it, and need not wait for the sweep."""
    state, watch = judged.state, judged.state.watch
    if watch is None or not any(news.reason is Reason.SECOND_TRY for news in judged.news):
        return
    dedup = f"second-try-{state.environment}-{watch.checked_at}"
    with contextlib.suppress(Transient, Terminal):
        lookout.queue.request(state.environment, TriggeredBy.SCHEDULE, hint=watch.revision, dedup=dedup)


def _was_well(state: EnvironmentState, now: datetime) -> bool:
    """Is nothing baked, was nothing amiss when it was last looked at, and was that just now?"""
    watch = state.watch
    if watch is None or watch.stable_at is None or watch.checked_at is None or state.alarm is not None:
        return False
    amiss = any(tally.failed or tally.errors for tally in watch.tallies.values())
    # A minute is never quite one.
    return not amiss and now - watch.checked_at < SELDOM - timedelta(seconds=15)


def _same(before: EnvironmentState, now: EnvironmentState, at: datetime) -> bool:
    """Was what is live now also live when it was looked at? Else it is blamed for what was before it."""
    if (before.watch is None) != (now.watch is None):
        return False
    if before.watch is not None and now.watch is not None:
        begun = [(one.release, one.attempt, one.begun_at, one.touched) for one in (before.watch, now.watch)]
        if begun[0] != begun[1]:
            return False
    return wanted(before, _declared(before)[1], at) == wanted(now, _declared(now)[1], at)


def _declared(state: EnvironmentState) -> tuple[Environment | None, HealthSpec]:
    """What was accepted last says what counts as well here."""
    known = state.accepted or state.applied
    if known is None:
        return None, _UNSEEN
    return known.desired.environment, known.desired.environment.health


def _line(judged: Judged) -> str:
    watch = judged.state.watch
    if watch is None:
        return "Nothing is watched here."
    bad = [one.message for one in judged.measurements if one.outcome.value in ("Failed", "Error")]
    since = f"{watch.release} since {watch.begun_at:%Y-%m-%d %H:%M} UTC: {watch.outcome.value}."
    return " ".join([since, *bad])[:2000]

"""The guards of a revert, each of which may say no. All have to be silent before a release is taken back.

``first_look`` asks those that need no Git, ``second_look`` the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from reconciler.core.gates.hold import told_of
from reconciler.core.narrative import names
from reconciler.core.reversal.ruling import Ruling, later, never
from reconciler.core.reversal.situation import Situation, Tip, first_change
from reconciler.core.rollback import quarantined
from reconciler.core.signers import valid_keys
from reconciler.model.alarm import AlarmValue
from reconciler.model.health import Irreversible
from reconciler.model.holds import Holds
from reconciler.model.reason import Suppressed
from reconciler.model.watch import Watch

PATIENCE = timedelta(minutes=3)
"""For so long is what is under way given to end. Then a revert is only another commit on top."""

STALE = timedelta(minutes=2)
"""For so long may what CloudWatch answers be older than what it told us."""

LAG = timedelta(minutes=2)
"""An alarm may be so late that it still means what ran before."""


def concerns(stack: str, environment: str, own: Collection[str], name: str) -> bool:
    """Is an alarm one that may take something back in an environment? ``own``: those that people named."""
    return (bool(stack) and name == f"{stack}-{environment}") or name in own


def first_look(seen: Situation) -> Ruling | None:
    """The first guard that says no, of those that need only what is remembered and the alarm itself."""
    general: tuple[Callable[[Situation], Ruling | None], ...] = (
        alarm_over,
        reverts_off,
        no_reverter,
        lambda it: suspended(it.holds),
    )
    for guard in general:
        if (ruling := guard(seen)) is not None:
            return ruling
    watch = seen.state.watch
    if watch is None:
        return never(Suppressed.NOTHING_WATCHED, "No release is being watched that could be to blame.")
    about: tuple[Callable[[Situation, Watch], Ruling | None], ...] = (
        already_reverted,
        not_attributable,
        not_in_bake,
        revert_of_revert,
        breaker_open,
        too_early,
        looks_back_too_far,
        unsettled,
    )
    return next((found for guard in about if (found := guard(seen, watch)) is not None), None)


def second_look(seen: Situation, watch: Watch, tip: Tip) -> Ruling | None:
    """The first that says no of those that need the branch and the artifact store."""
    found = (
        tip_not_to_blame(watch, tip),
        nothing_stable(seen, watch, tip),
        suspended(tip.holds),
        held(seen, tip),
        migration_irreversible(seen, tip),
    )
    return next((ruling for ruling in found if ruling is not None), None)


def alarm_over(seen: Situation) -> Ruling | None:
    """What somebody told us of may be long over, or never have been."""
    current, alarm = seen.current, seen.alarm
    if current is not None and current.value is AlarmValue.ALARM:
        return None
    what = f"It says {current.value} now." if current is not None else "There is no alarm of that name."
    older = current is None or current.since <= alarm.turned_at
    if older and seen.now < alarm.told_at + STALE:
        return later(what, Suppressed.ALARM_OVER)
    return never(Suppressed.ALARM_OVER, what)


def reverts_off(seen: Situation) -> Ruling | None:
    """People may want to be asked."""
    if seen.policy.automatic:
        return None
    return never(
        Suppressed.REVERTS_OFF,
        f"health.revert.automatic is off in {seen.state.environment}: this is for people.",
    )


def no_reverter(seen: Situation) -> Ruling | None:
    """A commit that nobody can sign would be nobody's, and one by a key that is over is refused."""
    if not seen.able:
        return never(
            Suppressed.NO_REVERTER,
            "No identity reverts here: `reverter` in reconciler.yaml, and its key in the secret that "
            "RECONCILER_REVERTER_KEY_SECRET names, are needed both.",
        )
    desired = seen.state.accepted.desired if seen.state.accepted is not None else None
    email = desired.reverter if desired is not None else None
    if desired is None or email is None or valid_keys(desired.signers, email, seen.now):
        return None
    return never(
        Suppressed.NO_REVERTER,
        f"{email} has no key in the accepted allowed_signers that is valid now: what it commits is refused.",
    )


def suspended(holds: Holds) -> Ruling | None:
    """Who told us to do nothing is obeyed."""
    if holds.suspended is None:
        return None
    return never(Suppressed.SUSPENDED, f"It is suspended by {told_of(holds.suspended)}.")


def already_reverted(seen: Situation, watch: Watch) -> Ruling | None:
    """One release is taken back once, however many alarms it sets off."""
    done = next(
        (
            one
            for one in seen.state.reverts
            if one.release == watch.release and one.intended_at >= watch.begun_at and one != seen.intended
        ),
        None,
    )
    if done is not None:
        commit = f"by commit {done.commit[:10]}" if done.commit else "and its commit is on its way"
        return never(
            Suppressed.ALREADY_REVERTED, f"Release {watch.release} was taken back already, {commit}."
        )
    if watch.release in seen.state.condemned | quarantined(seen.state):
        return never(Suppressed.ALREADY_REVERTED, f"Release {watch.release} was taken back already.")
    return None


def not_attributable(seen: Situation, watch: Watch) -> Ruling | None:
    """What was red before the release changed anything is not the release's doing."""
    first = first_change(watch)
    if first is None and seen.state.intents:
        return later(f"DAGs are just being changed to release {watch.release}.", Suppressed.NOT_ATTRIBUTABLE)
    if first is None:
        # Should it change one later, what rings by then has rung before.
        return never(
            Suppressed.NOT_ATTRIBUTABLE,
            f"Release {watch.release} has changed no DAG so far. So it cannot be its cause.",
        )
    before, since = seen.at_change or seen.alarm.before, f"{first:%Y-%m-%d %H:%M:%S} UTC"
    turned = seen.current.since if seen.current is not None else seen.alarm.turned_at
    if before is None:
        why = f"What it said when release {watch.release} changed its first DAG ({since}) cannot be told."
    elif before is not AlarmValue.OK:
        why = f"It said {before} already when release {watch.release} changed its first DAG ({since})."
    elif turned <= first:
        why = (
            f"It went off at {turned:%Y-%m-%d %H:%M:%S} UTC, before release {watch.release} changed its "
            f"first DAG ({since})."
        )
    else:
        return None
    return never(Suppressed.NOT_ATTRIBUTABLE, f"{why} So that release is not known to be its cause.")


def not_in_bake(seen: Situation, watch: Watch) -> Ruling | None:  # noqa: ARG001
    """What was well for so long, and then is not, has other causes more often than not."""
    if watch.stable_at is None:
        return None
    return never(
        Suppressed.NOT_IN_BAKE,
        f"Release {watch.release} is Stable since {watch.stable_at:%Y-%m-%d %H:%M} UTC: what is wrong now is "
        "for people to find out.",
    )


def revert_of_revert(seen: Situation, watch: Watch) -> Ruling | None:
    """What was well before, and is not now, would not be mended by going back further, nor by going forth."""
    if not watch.rollback:
        return None
    return never(
        Suppressed.REVERT_OF_REVERT,
        f"Release {watch.release} was gone back to itself, and {seen.state.environment} is not well on it "
        "either.",
    )


def breaker_open(seen: Situation, watch: Watch) -> Ruling | None:  # noqa: ARG001
    """A machine that takes back one release after the other is wrong about something."""
    since = seen.now - timedelta(minutes=seen.policy.period_minutes)
    done = [one for one in seen.state.reverts if one.intended_at > since and one != seen.intended]
    if len(done) < seen.policy.at_most:
        return None
    return never(
        Suppressed.BREAKER_OPEN,
        f"{len(done)} of at most {seen.policy.at_most} automatic reverts in {seen.policy.period_minutes:g} "
        f"minutes were made, the last at {done[0].intended_at:%Y-%m-%d %H:%M} UTC.",
    )


def looks_back_too_far(seen: Situation, watch: Watch) -> Ruling | None:
    """What an alarm went off for may have happened before the release, unless we saw that fail ourselves."""
    first, turned = first_change(watch), seen.current.since if seen.current is not None else seen.now
    if watch.failed_at is not None or seen.intended is not None or first is None:
        return None
    if seen.window is None:
        why = "How far back it looks cannot be told, and it went off"
    elif turned <= first + seen.window:
        why = f"It looks back {_minutes(seen.window)} minutes, and went off"
    else:
        return None
    return never(
        Suppressed.NOT_ATTRIBUTABLE,
        f"{why} {_minutes(turned - first)} minutes after release {watch.release} changed its first DAG "
        f"({first:%Y-%m-%d %H:%M:%S} UTC): it may mean what ran before. The release was not seen to fail.",
    )


def _minutes(how_long: timedelta) -> str:
    return f"{how_long.total_seconds() / 60:.3g}"


def too_early(seen: Situation, watch: Watch) -> Ruling | None:
    """Unless we saw the release fail ourselves, an alarm of the first moments may mean the one before it."""
    known = watch.failed_at is not None or seen.intended is not None
    first = first_change(watch) or watch.begun_at
    if known or seen.now >= first + LAG:
        return None
    return later(
        f"Release {watch.release} changed its first DAG only at {first:%H:%M:%S} UTC: it may still be "
        "the doing of the one before it."
    )


def unsettled(seen: Situation, watch: Watch) -> Ruling | None:
    """What is half done is finished first, or given up: but it is not waited for for long."""
    state = seen.state
    if seen.intended is not None or seen.now >= seen.alarm.told_at + PATIENCE:
        return None
    if state.fences or state.intents:
        return later(f"DAGs are just being changed to release {watch.release}.")
    operation = state.operation
    # What only waits for a gate may wait for hours.
    if operation is not None and operation.finished_at is None and not state.gates:
        return later(f"Release {watch.release} is just being made live.")
    return None


def tip_not_to_blame(watch: Watch, tip: Tip) -> Ruling | None:
    """A newer commit may be the cure, and is somebody's work."""
    if tip.release == watch.release:
        return None
    if tip.target is not None and tip.release == tip.target.release:
        return never(
            Suppressed.ALREADY_REVERTED,
            f"Commit {tip.revision[:10]} asks for release {tip.release} already.",
        )
    which = f"It is about release {watch.release}, and the tip {tip.revision[:10]}"
    if tip.release is None:
        # It may be mended, or be about others: what it asks for is only known then.
        return later(f"{which} cannot be read: {tip.flaw}", Suppressed.TIP_NOT_TO_BLAME)
    return never(
        Suppressed.TIP_NOT_TO_BLAME,
        f"{which} asks for release {tip.release}. What somebody committed since is not undone.",
    )


def nothing_stable(seen: Situation, watch: Watch, tip: Tip) -> Ruling | None:
    """What nobody knows to be good is not gone back to."""
    if tip.target is not None:
        return None
    return never(
        Suppressed.NOTHING_STABLE,
        f"No release but {watch.release} was Stable in {seen.state.environment} and is still there to go "
        "back to.",
    )


def held(seen: Situation, tip: Tip) -> Ruling | None:
    """A commit that a hold keeps waiting brings nothing back."""
    at = tip.target.release if tip.target is not None else None
    holds = seen.holds.and_more(tip.holds).holds
    other = next((one for one in holds if at is None or one.at != at), None)
    if other is None:
        return None
    where = f"at release {other.at}" if other.at is not None else "as it is"
    return never(Suppressed.HELD, f"It is held {where} by {told_of(other)}.")


def migration_irreversible(seen: Situation, tip: Tip) -> Ruling | None:
    """Older code may not run on what a migration made of the warehouse."""
    if not tip.irreversible or seen.policy.irreversible is Irreversible.DAGS_ONLY:
        return None
    return never(
        Suppressed.MIGRATION_IRREVERSIBLE,
        f"Migrations in between cannot be taken back, or lose data: {names(tip.irreversible)}.",
    )

"""Words for people: what was found, what that means, and what comes next. Each thing is told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.findings import News
from reconciler.core.narrative import names
from reconciler.core.verification.bake import unwanted
from reconciler.core.verification.scene import Scene
from reconciler.core.verification.second_try import DOUBTS, is_open
from reconciler.model.health import SignalName, Weight
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.watch import Judgement, Tally, Watch

_BAD = {
    Weight.ERROR: (Reason.HEALTH_CHECK_FAILED, Severity.ERROR),
    Weight.WARNING: (Reason.HEALTH_WARNING, Severity.WARNING),
}

LOST = 15
"""So many looks in a row may a signal of severity error not be had; then somebody has to act."""


def told(scene: Scene, before: Watch, after: Watch) -> tuple[News, ...]:
    """What is new between two looks."""
    signals = (
        news
        for name, tally in after.tallies.items()
        for news in _of_signal(scene, name, before.tallies.get(name), tally)
    )
    return (
        *_baking(scene, before, after),
        *_tried_again(before, after),
        *signals,
        *_lost(scene, before, after),
        *_passed(scene, before, after),
    )


def next_step(scene: Scene) -> str:
    """What comes of a release that fails."""
    watch, policy = scene.watch, scene.health.revert
    good = last_stable(scene)
    if watch.stable_at is not None:
        return "It had passed its bake, so that nothing is taken back by itself: people have to look."
    if watch.rollback:
        return "It was gone back to, so that nothing is taken back by itself: people have to act."
    if not policy.automatic:
        return "Nothing is taken back by itself here: `git revert` of the commit goes back."
    if good is None:
        return "No other release is Stable here, so that nothing can be taken back: people have to act."
    if why := _nobody_reverts(scene):
        go_back = f"people have to go back (`reconciler rollback {scene.state.environment}`)"
        return f"{why}, so that nothing is taken back by itself: {go_back}."
    return f"An alarm goes off; unless a guard objects, it brings back release {good}."


def _nobody_reverts(scene: Scene) -> str:
    """Why no alarm could make a commit, as far as that is known; or nothing."""
    accepted, tried = scene.state.accepted, scene.state.conditions.get(ConditionType.REVERTIBLE)
    if accepted is None or accepted.desired.reverter is None:
        return "No identity reverts here"
    if tried is not None and tried.status is False:
        return "The identity that reverts could not when it was last tried"
    return ""


def last_stable(scene: Scene) -> str | None:
    """The Stable release that is gone back to from the one that is watched."""
    own, bad = scene.watch.release, unwanted(scene.state)
    known = (one.release for one in scene.state.stable)
    return next((release for release in known if release != own and release not in bad), None)


NOT_STABLE = "Not Stable yet: "


def waits_for(obstacles: Sequence[str]) -> str:
    """What keeps a release from being Stable, as a sentence."""
    return f"{NOT_STABLE}{'; '.join(obstacles)}."


def _baking(scene: Scene, before: Watch, after: Watch) -> Iterator[News]:
    live_at = after.live_at
    # A look that was begun before it was live, and judged after, leaves that to the next one.
    if live_at is None or after.checked_at is None or after.checked_at < live_at:
        return
    if before.checked_at is not None and before.checked_at >= live_at:
        return
    bake, changed = scene.health.bake, scene.touched
    runs = ""
    if changed and bake.runs:
        often = "once" if bake.runs == 1 else f"{bake.runs} times"
        runs = f" and each of {len(changed)} changed DAGs has run well {often} ({names(changed, 3)})"
    yield News(
        reason=Reason.BAKING,
        message=f"Release {after.release} is live and watched: it is Stable when it has been well for "
        f"{bake.minutes:g} minutes{runs}.",
    )


def _tried_again(before: Watch, after: Watch) -> Iterator[News]:
    for dag_id, one in after.second_tries.items():
        if dag_id not in before.second_tries:
            yield News(
                reason=Reason.SECOND_TRY,
                message=f"A run of {dag_id} failed on release {after.release}, and none did before. It is "
                "tried once more: its failed tasks are cleared. If that fails as well, or does not come "
                "about, the release is not well.",
                severity=Severity.WARNING,
                evidence=(f"{dag_id}: {one.first.run_id}",),
            )


def _of_signal(scene: Scene, name: SignalName, before: Tally | None, after: Tally) -> Iterator[News]:
    was = before.outcome if before is not None else None
    last, release = after.last, scene.watch.release
    if last is None:
        return
    if after.outcome is Judgement.FAILED and (was is not Judgement.FAILED or _is_graver(before, after)):
        reason, severity = _BAD.get(after.severity, _BAD[Weight.WARNING])
        then = next_step(scene) if after.severity is Weight.ERROR else "It alone takes nothing back."
        if last.beside and scene.spec(name).severity is Weight.ERROR and scene.watch.stable_at is None:
            then += " The release is not Stable meanwhile."
        message = f"Release {release} is not well ({name}). {last.message} {then}"
        yield News(reason=reason, message=message, severity=severity, evidence=last.evidence)
    elif was is Judgement.FAILED and after.outcome is Judgement.SUCCEEDED:
        yield News(
            reason=Reason.HEALTH_RECOVERED,
            message=f"Well again on release {release} ({name}). {last.message}",
            evidence=last.evidence,
        )
    elif after.outcome is Judgement.ERROR and was is not Judgement.ERROR:
        yield News(
            reason=Reason.HEALTH_UNKNOWN,
            message=f"Release {release} cannot be judged ({name}), {after.errors} times in a row. "
            f"{last.message} It does not count as good until it can; nothing is taken back for it.",
            severity=Severity.WARNING,
        )
    elif _is_open(scene, name, before, after):
        yield News(
            reason=Reason.HEALTH_INCONCLUSIVE,
            message=f"Release {release} may not be well ({name}). {last.message} It is not Stable meanwhile.",
            severity=Severity.WARNING,
            evidence=last.evidence,
        )


def _is_graver(before: Tally | None, after: Tally) -> bool:
    return before is not None and before.severity is Weight.WARNING and after.severity is Weight.ERROR


def _lost(scene: Scene, before: Watch, after: Watch) -> Iterator[News]:
    """One for all signals that have not been had for so long: they mostly have one cause."""
    limits = {name: max(LOST, scene.spec(name).consecutive_error_limit + 1) for name in after.tallies}
    lost = {
        name: tally.last
        for name, tally in after.tallies.items()
        if tally.severity is Weight.ERROR and tally.last is not None and tally.errors >= limits[name]
    }
    known = before.tallies
    if not any(name not in known or known[name].errors < limits[name] for name in lost):
        return
    yield News(
        reason=Reason.HEALTH_UNKNOWN,
        message=f"Whether release {after.release} is well could not be told in {LOST} looks in a row "
        f"({names(sorted(lost))}). {next(iter(lost.values())).message} While that lasts nothing is taken "
        "back for it: people have to look.",
        severity=Severity.ERROR,
        evidence=tuple(f"{name}: {last.message}" for name, last in lost.items()),
    )


def _is_open(scene: Scene, name: SignalName, before: Tally | None, after: Tally) -> bool:
    """Is it doubtful now of other DAGs than before, or open for longer than is allowed?

    That a run is tried once more was told by itself.
    """
    last = after.last
    if last is None or last.outcome is not Judgement.INCONCLUSIVE:
        return False
    known = before.last.dags if before is not None and before.last is not None else ()
    tried = {dag_id for dag_id in last.dags if name in DOUBTS and is_open(scene, dag_id)}
    new = set(last.dags).difference(known, tried) and before is not None
    limit = scene.spec(name).inconclusive_limit
    return bool(new) or after.inconclusive == limit + 1


def _passed(scene: Scene, before: Watch, after: Watch) -> Iterator[News]:
    if after.stable_at is not None and before.stable_at is None:
        minutes = (scene.at - (after.live_at or after.begun_at)).total_seconds() / 60
        idle = [dag_id for dag_id in scene.touched if not after.ran.get(dag_id)]
        left = f" Not Verified yet: {names(idle, 3)} has not run well on it." if idle else ""
        yield News(
            reason=Reason.BECAME_STABLE,
            message=f"Release {after.release} is Stable: it has been well for {minutes:.0f} minutes. From "
            f"now on it is what an alarm goes back to.{left}",
            evidence=_evidence(after.tallies),
        )
    if after.verified_at is not None and before.verified_at is None:
        count = len(scene.touched)
        yield News(
            reason=Reason.BECAME_VERIFIED,
            message=f"Release {after.release} is Verified: "
            f"{f'each of the {count} changed DAGs has run well on it' if count else 'it changed no DAG'}.",
        )


def _evidence(tallies: Mapping[SignalName, Tally]) -> tuple[str, ...]:
    return tuple(f"{name}: {tally.last.message}" for name, tally in tallies.items() if tally.last is not None)

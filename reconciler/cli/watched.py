"""What ``status`` and ``explain`` tell of a release that is watched, what is Stable, what was taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.cli.output import duration, short, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.event import Event
    from reconciler.model.health import Bake
    from reconciler.model.state import EnvironmentState
    from reconciler.model.watch import Rehearsal, Revert, Stable, Tally, Watch

_RECENT = timedelta(days=7)
"""For so long a revert is shown that is over."""


def bake_cell(state: EnvironmentState, now: datetime) -> str:
    """Where a release stands, in two or three words: ``Stable``, ``Baking 12/30 min``, ``Failed``."""
    watch, word = state.watch, _word(state)
    if watch is None or word != "Baking":
        return word
    bake = _bake(state)
    return f"{word} {_minutes(watch, bake, now):.0f}/{bake.minutes:g} min"


def facts(state: EnvironmentState, upstream: EnvironmentState | None, now: datetime) -> list[tuple[str, str]]:
    """Names and values for ``status`` of one environment."""
    return [
        ("Bake", _bake_line(state, now)),
        ("Signals", _signals(state)),
        ("Stable", _stable(state)),
        ("Rollback", _tested(state, upstream)),
        ("Alarm", _alarm(state)),
        ("Reverted", _reverted(state, now)),
    ]


def ill(state: EnvironmentState) -> list[str]:
    """A line for each signal that is not well, or cannot be judged."""
    from reconciler.model.watch import Judgement

    watch = state.watch
    bad = (Judgement.FAILED, Judgement.ERROR)
    found = sorted((watch.tallies if watch is not None else {}).items(), key=lambda one: one[0].value)
    return [
        f"{name.value} {tally.outcome.value} ({tally.severity.value}): {seen.message}"
        for name, tally in found
        if tally.outcome in bad and (seen := tally.last or tally.worst) is not None
    ]


def document(state: EnvironmentState, upstream: EnvironmentState | None, now: datetime) -> dict[str, object]:
    """The same for ``--output json``, complete."""
    watch, bake = state.watch, _bake(state)
    previous, tested = last_stable(state), tested_by(state, upstream)
    return {
        "watch": watch.to_json() if watch is not None else None,
        "bake": None
        if watch is None
        else {
            "state": _word(state),
            "minutes": round(_minutes(watch, bake, now), 1),
            "ofMinutes": bake.minutes,
            "runs": _runs(watch, bake)[0],
            "ofRuns": _runs(watch, bake)[1],
        },
        "stable": [one.to_json() for one in state.stable],
        "lastStable": {**previous.to_json(), "warm": _is_warm(state, previous)} if previous else None,
        "alarm": state.alarm.to_json() if state.alarm is not None else None,
        "reverts": [one.to_json() for one in state.reverts],
        "rehearsals": [one.to_json() for one in state.rehearsals],
        "rollbackTested": {"environment": tested[0], **tested[1].to_json()} if tested else None,
    }


def last_stable(state: EnvironmentState) -> Stable | None:
    """What an alarm would go back to now."""
    from reconciler.core.rehearsing import last_stable as before

    running = state.watch.release if state.watch is not None else ""
    if not running and state.applied is not None:
        running = state.applied.release
    return before(state, running)


def tested_by(state: EnvironmentState, upstream: EnvironmentState | None) -> tuple[str, Rehearsal] | None:
    """Where going back from the very release that runs was tried, and what it took."""
    running = state.applied.release if state.applied is not None else None
    for one in (state, upstream):
        found = next((it for it in one.rehearsals if it.release == running), None) if one else None
        if one is not None and found is not None:
            return one.environment, found
    return None


def said_of_alarms(state: EnvironmentState, events: Sequence[Event]) -> list[tuple[str, list[str]]]:
    """What became of alarms since the release came that is watched: a title, and sentences."""
    from reconciler.model.reason import Reason

    told = {Reason.ROLLBACK_SUPPRESSED, Reason.REVERT_COMMITTED, Reason.ALARM_RECEIVED}
    since = state.watch.begun_at if state.watch is not None else None
    newest = state.reverts[0] if state.reverts else None
    if newest is not None and since is not None and _goes_back(state, newest):
        since = min(since, newest.intended_at)
    found = [
        (
            f"{event.reason.value} at {when(event.at)}",
            [event.reason.sentence, event.message, *event.evidence],
        )
        for event in events
        if event.reason in told and since is not None and event.at >= since
    ]
    if state.reverts:
        found.append((f"revert of release {state.reverts[0].release}", list(_story(state.reverts[0]))))
    return found


def named(state: EnvironmentState, release: str) -> str:
    """A release's id, with the versions of it where what is remembered says them."""
    from reconciler.core.narrative import versions

    known = {
        one.release: {part.value: pin.version for part, pin in one.desired.pointer.components.items()}
        for one in (state.accepted, state.applied)
        if one is not None
    }
    if state.operation is not None:
        known[state.operation.release] = state.operation.versions
    said = versions(known.get(release, {}))
    return f"{release} ({said})" if said else release


def quarantined(state: EnvironmentState) -> list[str]:
    """The releases that may not come back, and the DAGs that are to blame."""
    from reconciler.core.narrative import names

    holds = state.accepted.desired.holds.quarantine if state.accepted is not None else ()
    return [f"{named(state, one.release)}{f': {names(one.dags)}' if one.dags else ''}" for one in holds]


def _goes_back(state: EnvironmentState, revert: Revert) -> bool:
    """Is the release that is watched what it goes, or went, back to, or what it takes back?"""
    running = state.watch.release if state.watch is not None else None
    return revert.over_at is None and running in {revert.to, revert.release}


def failed(state: EnvironmentState) -> str:
    """That the release which is watched is Failed, and by what; empty if it is not."""
    from reconciler.core.aftermath import failures

    watch = state.watch
    if watch is None or _word(state) != "Failed":
        return ""
    said = "; ".join(one.rstrip(".") for one in failures(watch, with_evidence=True))
    return f"Release {watch.release} is Failed{f': {said}' if said else ''}."


def _story(revert: Revert) -> Iterator[str]:
    from reconciler.core.aftermath_words import parts

    yield f"The alarm {revert.alarm} took back commit {short(revert.blamed)}: release {revert.to} was Stable."
    yield from revert.failed
    if revert.commit is None:
        yield "Its commit is about to be pushed."
        return
    took = parts(revert)
    yield f"Commit {short(revert.commit)}: {took}."
    for dag_id, ids in sorted(revert.cleared.items()):
        yield f"{dag_id}: {len(ids)} failed {'runs run' if len(ids) > 1 else 'run runs'} again."
    yield from revert.uncleared.values()
    if revert.over_at is not None:
        yield f"Something else was gone to at {when(revert.over_at)}: what was left is for people."
    elif revert.verified_at is None:
        yield "It is not through yet: it has to be live, and seen to be well."


def _word(state: EnvironmentState) -> str:
    from reconciler.model.watch import Judgement

    watch = state.watch
    if watch is None:
        return ""
    if watch.outcome is Judgement.FAILED:
        return "Failed"
    if watch.stable_at is not None:
        return "Verified" if watch.verified_at is not None else "Stable"
    return "Baking" if watch.live_at is not None else ""


def _bake(state: EnvironmentState) -> Bake:
    from reconciler.model.health import HealthSpec

    known = state.applied or state.accepted
    return known.desired.environment.health.bake if known is not None else HealthSpec().bake


def _minutes(watch: Watch, bake: Bake, now: datetime) -> float:
    since = watch.live_at
    return min(bake.minutes, max(0.0, (now - since).total_seconds() / 60)) if since is not None else 0.0


def _runs(watch: Watch, bake: Bake) -> tuple[int, int]:
    """How many of the runs that are asked for ended well, and how many that are."""
    waited = watch.touched.keys() - watch.removed
    return sum(min(bake.runs, watch.ran.get(dag_id, 0)) for dag_id in waited), bake.runs * len(waited)


def _bake_line(state: EnvironmentState, now: datetime) -> str:
    watch, word, bake = state.watch, _word(state), _bake(state)
    if watch is None or not word:
        return ""
    done, wanted = _runs(watch, bake)
    if word in {"Stable", "Verified"}:
        not_yet = f"; {wanted - done} runs of changed DAGs to come until Verified" if wanted > done else ""
        return f"{word} since {when(watch.verified_at or watch.stable_at)}{not_yet}"
    runs = f", runs {done}/{wanted}" if wanted else ""
    gone_back = ", gone back to" if watch.rollback else ""
    counted = f"{_minutes(watch, bake, now):.0f}/{bake.minutes:g} min{runs}{gone_back}"
    if word == "Failed":
        return f"Failed since {when(watch.failed_at)} ({counted})"
    waits = _waits_for(state, watch)
    return f"Baking {counted}{f'; waits for: {waits}' if waits else ''}"


def _waits_for(state: EnvironmentState, watch: Watch) -> str:
    """What keeps it from being Stable, as the last look said it."""
    from reconciler.core.verification.telling import NOT_STABLE
    from reconciler.model.reason import ConditionType

    baked = state.conditions.get(ConditionType.BAKED)
    if baked is None or not baked.message.startswith(f"Release {watch.release}: {NOT_STABLE}"):
        return ""
    return baked.message.partition(NOT_STABLE)[2].rstrip(".")


def _signals(state: EnvironmentState) -> str:
    """How many are how, and when they were looked at."""
    watch = state.watch
    if watch is None or not watch.tallies:
        return ""
    count = dict[str, int]()
    for tally in watch.tallies.values():
        count[_newest(tally)] = count.get(_newest(tally), 0) + 1
    words = {
        "Succeeded": "well",
        "Failed": "failed",
        "Inconclusive": "without enough data",
        "Error": "not to be had",
    }
    counted = ", ".join(f"{count[key]} {word}" for key, word in words.items() if key in count)
    looked = f", looked at {when(watch.checked_at)}" if watch.checked_at is not None else ""
    return f"{counted}{looked}"


def _newest(tally: Tally) -> str:
    return tally.outcome.value


def _is_warm(state: EnvironmentState, one: Stable) -> bool:
    from reconciler.core.pointer_file import release_key

    return release_key(one.release) in state.files


def _stable(state: EnvironmentState) -> str:
    one = last_stable(state)
    if one is None:
        nothing = "nothing else: an alarm has no release to go back to"
        return nothing if state.watch is not None else ""
    warm = "ready in the DAG folder" if _is_warm(state, one) else "to be copied to the DAG folder first"
    return f"{one.release} since {when(one.at)}, {warm}"


def _tested(state: EnvironmentState, upstream: EnvironmentState | None) -> str:
    found = tested_by(state, upstream)
    if found is None:
        return ""
    where, one = found
    took = f"{one.back_seconds:.0f} s back, {one.forth_seconds:.0f} s forth"
    return f"tested in {where}: {took}, at {when(one.at)}"


def _alarm(state: EnvironmentState) -> str:
    one = state.alarm
    if one is None:
        return ""
    return f"{one.name} since {when(one.turned_at)}, waits to be acted on: {one.reason}"


def _reverted(state: EnvironmentState, now: datetime) -> str:
    from reconciler.core.aftermath_words import parts

    one = state.reverts[0] if state.reverts else None
    if one is None or (one.verified_at or one.over_at or now) < now - _RECENT:
        return ""
    what = f"{one.release} to {one.to} at {when(one.intended_at)}, alarm {one.alarm}"
    if one.commit is None:
        return f"{what}; its commit is about to be pushed"
    took = parts(one)
    if one.verified_at is not None:
        return f"{what}; live and well after {duration(timedelta(seconds=took.total))}"
    if one.over_at is not None:
        return f"{what}; something else was gone to since"
    if one.live_at is not None:
        return f"{what}; live, not yet seen to be well"
    return f"{what}; commit {short(one.commit)} is not live yet"

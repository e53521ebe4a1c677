"""Each guard of a revert by itself: what makes it say no, and that it is silent otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.core.declarations import parse_desired
from reconciler.core.reversal import (
    Ruling,
    Situation,
    Tip,
    concerns,
    first_look,
    irreversible,
    second_look,
    since_then,
    stable_before,
    to_blame,
)
from reconciler.core.reversal.guards import LAG, PATIENCE, STALE
from reconciler.core.reversal.ruling import LONGEST
from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.model.artifact import Migration, Reversibility
from reconciler.model.health import SignalName, Weight
from reconciler.model.holds import Hold, Holds, Quarantined, Reasoned
from reconciler.model.reason import Phase, Reason, Severity, Suppressed
from reconciler.model.state import Applied, EnvironmentState, Fence, Intent
from reconciler.model.verdict import Verdict
from reconciler.model.watch import Judgement, Measurement, OpenAlarm, Revert, Stable, Tally, Watch
from tests.builders import NOW, operation
from tests.declarations.files import environment, folder

GOOD, OLDER, BAD, OTHER = "a" * 16, "d" * 16, "b" * 16, "c" * 16
BEGUN, TURNED = NOW - timedelta(hours=1), NOW - timedelta(seconds=30)
MINUTE = timedelta(minutes=1)
FLIPPED = BEGUN + timedelta(minutes=1)
WHO: dict[str, Any] = {"by": "Ana", "since": NOW, "reason": "audit"}
STABLE = Stable(release=GOOD, revision="1" * 40, at=BEGUN - MINUTE)
WATCH = Watch(
    release=BAD, revision="2" * 40, attempt=2, begun_at=BEGUN, failed_at=TURNED, touched={"one": FLIPPED}
)
ALARM = OpenAlarm(name="platform-dev", reason="1 > 0", turned_at=TURNED, told_at=NOW, before=AlarmValue.OK)
NOW_RED = Alarm(name="platform-dev", value=AlarmValue.ALARM, since=TURNED)
TIP = Tip(revision="2" * 40, release=BAD, target=STABLE)


def accepted(policy: str = "", holds: Holds = Holds()) -> Applied:
    spec = environment("dev") + (f"health: {{revert: {{{policy}}}}}\n" if policy else "").encode()
    desired = parse_desired(folder({"dev/environment.yaml": spec}), "dev")
    desired = desired.model_copy(update={"holds": holds})
    return Applied(revision="2" * 40, release=BAD, desired=desired, at=BEGUN)


STATE = EnvironmentState(
    environment="dev",
    accepted=accepted(),
    watch=WATCH,
    stable=(STABLE,),
    past=(BAD, GOOD),
    was_live=frozenset({GOOD, BAD}),
    operation=operation(2, phase=Phase.SUCCEEDED).model_copy(update={"finished_at": BEGUN}),
)
SEEN = Situation(now=NOW, state=STATE, alarm=ALARM, current=NOW_RED, at_change=AlarmValue.OK, able=True)


def state(**update: Any) -> Situation:
    return replace(SEEN, state=STATE.model_copy(update=update))


def watched(**update: Any) -> Situation:
    return state(watch=WATCH.model_copy(update=update))


def revert(at: datetime, release: str = OTHER, commit: str | None = "9" * 40) -> Revert:
    return Revert(alarm="x", blamed="8" * 40, release=release, to=GOOD, intended_at=at, commit=commit)


def told_of(age: timedelta, since: datetime = TURNED, value: AlarmValue = AlarmValue.OK) -> Situation:
    """An alarm that was told of some time ago, and what CloudWatch says of it now."""
    current = NOW_RED.model_copy(update={"value": value, "since": since})
    return replace(SEEN, alarm=ALARM.model_copy(update={"told_at": NOW - age}), current=current)


FIRST: dict[str, tuple[Situation, Suppressed | None]] = {
    "there is no such alarm": (replace(told_of(STALE), current=None), Suppressed.ALARM_OVER),
    "it is OK again": (told_of(MINUTE, TURNED + MINUTE), Suppressed.ALARM_OVER),
    "it is OK": (told_of(STALE), Suppressed.ALARM_OVER),
    "it has no data": (told_of(STALE, value=AlarmValue.INSUFFICIENT_DATA), Suppressed.ALARM_OVER),
    "people want to be asked": (state(accepted=accepted("automatic: false")), Suppressed.REVERTS_OFF),
    "nobody can sign": (replace(SEEN, able=False), Suppressed.NO_REVERTER),
    "it is suspended": (
        state(accepted=accepted(holds=Holds(suspended=Reasoned(**WHO)))),
        Suppressed.SUSPENDED,
    ),
    "nothing was ever deployed": (state(accepted=None, watch=None), Suppressed.NOTHING_WATCHED),
    "it was taken back": (state(reverts=(revert(TURNED, BAD),)), Suppressed.ALREADY_REVERTED),
    "its revert is on its way": (state(reverts=(revert(TURNED, BAD, None),)), Suppressed.ALREADY_REVERTED),
    "it is condemned": (state(condemned=frozenset({BAD})), Suppressed.ALREADY_REVERTED),
    "it is quarantined": (
        state(accepted=accepted(holds=Holds(quarantine=(Quarantined(**WHO, release=BAD),)))),
        Suppressed.ALREADY_REVERTED,
    ),
    "it was red when it was begun": (replace(SEEN, at_change=AlarmValue.ALARM), Suppressed.NOT_ATTRIBUTABLE),
    "nobody knew when it was begun": (
        replace(SEEN, at_change=AlarmValue.INSUFFICIENT_DATA),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "it was red before it was told of": (
        replace(SEEN, at_change=None, alarm=ALARM.model_copy(update={"before": AlarmValue.ALARM})),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "nobody knows what it was": (
        replace(SEEN, at_change=None, alarm=ALARM.model_copy(update={"before": None})),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "nothing is changed by it": (watched(touched={}), Suppressed.NOT_ATTRIBUTABLE),
    "only a release before it changed something": (
        watched(touched={"one": BEGUN - MINUTE}),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "its first DAG is just being changed": (
        state(watch=WATCH.model_copy(update={"touched": {}}), intents={"one.py": Intent(digest=None)}),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "it turned before": (
        replace(SEEN, current=NOW_RED.model_copy(update={"since": FLIPPED})),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "it is Stable": (watched(stable_at=NOW), Suppressed.NOT_IN_BAKE),
    "it was gone back to": (watched(rollback=True), Suppressed.REVERT_OF_REVERT),
    "one was taken back": (state(reverts=(revert(NOW - 300 * MINUTE),)), Suppressed.BREAKER_OPEN),
    "two were": (
        state(reverts=(revert(NOW - 9 * MINUTE), revert(NOW - 90 * MINUTE)), accepted=accepted("atMost: 2")),
        Suppressed.BREAKER_OPEN,
    ),
    "it looks back to before it was flipped": (
        replace(watched(failed_at=None, touched={"one": TURNED - 5 * MINUTE}), window=5 * MINUTE),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "nobody knows how far back it looks": (
        replace(watched(failed_at=None), window=None),
        Suppressed.NOT_ATTRIBUTABLE,
    ),
    "it was only just begun": (
        replace(watched(failed_at=None, touched={"one": TURNED - MINUTE}), now=TURNED + MINUTE / 2),
        None,
    ),
    "a DAG is fenced": (state(fences={"one": Fence(opened_at=NOW, ours=True)}), None),
    "a write is not known to have ended": (state(intents={"one.py": Intent(digest=None)}), None),
    "it is being made live": (state(operation=operation(2)), None),
}


@pytest.mark.parametrize(("seen", "why"), FIRST.values(), ids=FIRST.keys())
def test_what_speaks_against_it(seen: Situation, why: Suppressed | None) -> None:
    ruling = first_look(seen)
    assert ruling is not None
    assert ruling.why is why
    assert ruling.waits is (why is None or bool(seen.state.intents))


SILENT: dict[str, Situation] = {
    "an alarm of its bake": SEEN,
    "its history does not tell, and it was OK": replace(SEEN, at_change=None),
    "it turned just after": replace(
        SEEN, current=NOW_RED.model_copy(update={"since": FLIPPED + timedelta(seconds=1)})
    ),
    "one was taken back long ago": state(reverts=(revert(NOW - 361 * MINUTE),)),
    "one of two was": state(reverts=(revert(NOW - MINUTE),), accepted=accepted("atMost: 2")),
    "it was taken back before it came again": state(reverts=(revert(BEGUN - 361 * MINUTE, BAD),)),
    "its own intent": replace(state(reverts=(revert(NOW, BAD, None),)), intended=revert(NOW, BAD, None)),
    "an operation that a gate keeps waiting": state(
        operation=operation(2), gates=(Verdict.go("in-flight", "x"),)
    ),
    "what does not settle": replace(
        state(fences={"one": Fence(opened_at=NOW, ours=True)}),
        alarm=ALARM.model_copy(update={"told_at": NOW - PATIENCE}),
    ),
    "it was changed some time ago": watched(failed_at=None, touched={"one": NOW - LAG}),
    "it looks back to when it was flipped": replace(
        watched(failed_at=None, touched={"one": TURNED - 6 * MINUTE}), window=5 * MINUTE
    ),
    "it looks back further, and the release was seen to fail": replace(
        watched(touched={"one": TURNED - MINUTE}), window=5 * MINUTE
    ),
    "a DAG was only removed": watched(touched={}, removed=frozenset({"one"})),
    "one DAG of many is changed": watched(touched={"one": FLIPPED, "two": NOW, "old": BEGUN - MINUTE}),
}


@pytest.mark.parametrize("seen", SILENT.values(), ids=SILENT.keys())
def test_nothing_speaks_against_it(seen: Situation) -> None:
    assert first_look(seen) is None


PASSING: dict[str, tuple[Ruling | None, Suppressed]] = {
    "an answer from before it went off": (first_look(told_of(MINUTE)), Suppressed.ALARM_OVER),
    "no alarm of that name so far": (
        first_look(replace(told_of(MINUTE), current=None)),
        Suppressed.ALARM_OVER,
    ),
    "a tip that cannot be read": (
        second_look(SEEN, WATCH, replace(TIP, release=None, target=None, flaw="Not sealed.")),
        Suppressed.TIP_NOT_TO_BLAME,
    ),
}


@pytest.mark.parametrize(("ruling", "why"), PASSING.values(), ids=PASSING.keys())
def test_what_may_pass_is_waited_for_but_not_for_ever(ruling: Ruling | None, why: Suppressed) -> None:
    assert ruling is not None
    assert (ruling.why, ruling.waits) == (why, True)
    assert ruling.at(ALARM.told_at + LONGEST - MINUTE, ALARM) == ruling
    ended = ruling.at(ALARM.told_at + LONGEST, ALARM)
    assert (ended.why, ended.waits) == (why, False)
    called = ruling.late("dev", ALARM)
    assert (called.reason, called.severity) == (Reason.ALARM_RECEIVED, Severity.ERROR)
    assert "`reconciler rollback dev` goes back at once" in called.message


SECOND: dict[str, tuple[Situation, Tip, Suppressed]] = {
    "a newer commit": (SEEN, replace(TIP, release=OTHER), Suppressed.TIP_NOT_TO_BLAME),
    "somebody took it back": (SEEN, replace(TIP, release=GOOD), Suppressed.ALREADY_REVERTED),
    "nothing was Stable": (SEEN, replace(TIP, target=None), Suppressed.NOTHING_STABLE),
    "it is held": (
        state(accepted=accepted(holds=Holds(holds=(Hold(**WHO),)))),
        TIP,
        Suppressed.HELD,
    ),
    "it is held at another release, says the tip": (
        SEEN,
        replace(TIP, holds=Holds(holds=(Hold(**WHO, at=OTHER),))),
        Suppressed.HELD,
    ),
    "it is suspended, says the tip": (
        SEEN,
        replace(TIP, holds=Holds(suspended=Reasoned(**WHO))),
        Suppressed.SUSPENDED,
    ),
    "a migration": (SEEN, replace(TIP, irreversible=("V2.sql",)), Suppressed.MIGRATION_IRREVERSIBLE),
}


@pytest.mark.parametrize(("seen", "tip", "why"), SECOND.values(), ids=SECOND.keys())
def test_what_the_branch_has_against_it(seen: Situation, tip: Tip, why: Suppressed) -> None:
    ruling = second_look(seen, WATCH, tip)
    assert ruling is not None
    assert ruling.why is why


@pytest.mark.parametrize(
    ("seen", "tip"),
    [
        (SEEN, TIP),
        (SEEN, replace(TIP, holds=Holds(holds=(Hold(**WHO, at=GOOD),)))),
        (state(accepted=accepted("irreversible: dags-only")), replace(TIP, irreversible=("V2.sql",))),
    ],
    ids=["nothing", "a hold at what is gone back to", "a migration that may stay"],
)
def test_what_the_branch_has_nothing_against(seen: Situation, tip: Tip) -> None:
    assert second_look(seen, WATCH, tip) is None


@pytest.mark.parametrize(
    ("stack", "own", "name", "meant"),
    [
        ("platform", (), "platform-dev", True),
        ("platform", (), "platform-dev-health", False),
        ("platform", (), "platform-prod", False),
        ("platform", ("rows",), "rows", True),
        ("platform", (), "rows", False),
        ("", (), "-dev", False),
    ],
)
def test_which_alarms_are_an_environments(stack: str, own: tuple[str, ...], name: str, meant: bool) -> None:
    assert concerns(stack, "dev", own, name) is meant


def known(**update: Any) -> EnvironmentState:
    older = Stable(release=OLDER, revision="0" * 40, at=BEGUN - 2 * MINUTE)
    both = {"stable": (STABLE, older), "past": (BAD, OTHER, GOOD, OLDER)}
    live = {"was_live": frozenset({GOOD, OLDER, BAD})}
    return STATE.model_copy(update={**both, **live, **update})


def quarantine(release: str) -> Applied:
    return accepted(holds=Holds(quarantine=(Quarantined(**WHO, release=release),)))


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (known(), (GOOD, OLDER)),
        (known(condemned=frozenset({GOOD})), (OLDER,)),
        (known(accepted=quarantine(GOOD)), (OLDER,)),
        (known(was_live=frozenset({OLDER})), (OLDER,)),
        (known(stable=(STABLE.model_copy(update={"release": BAD}),)), ()),
    ],
    ids=["newest first", "condemned", "quarantined", "not a rollback any more", "itself"],
)
def test_what_may_be_gone_back_to(before: EnvironmentState, found: tuple[str, ...]) -> None:
    assert tuple(one.release for one in stable_before(before, BAD)) == found


def test_what_came_since() -> None:
    assert since_then(known(), BAD, GOOD) == (BAD, OTHER)
    assert since_then(known(), BAD, OLDER) == (BAD, OTHER, GOOD)


def migration(name: str, how: Reversibility) -> Migration:
    return Migration(name=name, reversibility=how)


def test_migrations_that_stay() -> None:
    kept = [migration("V1.sql", Reversibility.IRREVERSIBLE)]
    since = [
        *kept,
        migration("V2.sql", Reversibility.REVERSIBLE),
        migration("V4.sql", Reversibility.WITH_LOSS),
        migration("V3.sql", Reversibility.IRREVERSIBLE),
    ]
    assert irreversible(kept, since) == ("V3.sql", "V4.sql")


def told(make: Callable[[], Ruling | None]) -> Ruling:
    ruling = make()
    assert ruling is not None
    return ruling


def test_what_is_told_of_it() -> None:
    ruling = told(lambda: first_look(watched(stable_at=NOW)))
    news = ruling.news("dev", ALARM)
    assert (news.reason, news.severity) == (Reason.ROLLBACK_SUPPRESSED, Severity.ERROR)
    assert news.message == (
        f"platform-dev went off in dev, and nothing is taken back for it. Release {BAD} is Stable since "
        "2026-11-21 05:00 UTC: what is wrong now is for people to find out. See `reconciler explain dev`; "
        "`reconciler rollback dev` goes back."
    )
    assert news.evidence == (
        "guard: NotInBake",
        "alarm: platform-dev, since 2026-11-21 04:59:30 UTC",
        "it says: 1 > 0",
    )
    waits = told(lambda: first_look(state(operation=operation(2)))).news("dev", ALARM)
    assert (waits.reason, waits.severity) == (Reason.ALARM_RECEIVED, Severity.WARNING)
    over = told(lambda: first_look(told_of(STALE))).news("dev", ALARM)
    assert over.severity is Severity.INFO


def ill(*dags: str, severity: Weight = Weight.ERROR, outcome: Judgement = Judgement.FAILED) -> Watch:
    worst = Measurement(signal=SignalName.FAILED_RUNS, outcome=Judgement.FAILED, message="x", dags=dags)
    tally = Tally(severity=severity, outcome=outcome, worst=worst)
    return WATCH.model_copy(update={"tallies": {SignalName.FAILED_RUNS: tally}})


@pytest.mark.parametrize(
    ("watch", "blamed"),
    [
        (ill("one"), ("one",)),
        (ill("two", "one", "elsewhere"), ("one", "two")),
        (ill("elsewhere"), ("one", "three", "two")),
        (ill(), ("one", "three", "two")),
        (ill("one", severity=Weight.WARNING), ("one", "three", "two")),
        (ill("one", outcome=Judgement.SUCCEEDED), ("one", "three", "two")),
        (WATCH, ("one", "three", "two")),
    ],
    ids=["one", "two", "none that it changed", "none", "a warning", "well again", "never judged"],
)
def test_which_dags_are_to_blame(watch: Watch, blamed: tuple[str, ...]) -> None:
    assert to_blame(watch, {"one", "two", "three"}) == blamed


def test_more_dags_than_a_file_may_name_are_not_named() -> None:
    assert to_blame(WATCH, {f"dag_{number}" for number in range(101)}) == ()

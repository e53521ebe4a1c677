"""Stable after minutes and runs, Verified when every changed DAG has run; what is told of it, once."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.core.findings import Finding, with_conditions
from reconciler.core.verification import judge
from reconciler.core.verification.bake import STABLE_KEPT
from reconciler.model.health import Bake, HealthSpec, SignalName, SignalSpec, Weight
from reconciler.model.holds import Quarantined
from reconciler.model.observation import ImportProblem
from reconciler.model.reason import ConditionType, Reason, Severity
from reconciler.model.seen import EndedRun, Evidence, Heartbeats
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Judgement, Stable, Watch
from tests.builders import BY_ASSETS, BY_HAND, EACH_MINUTE
from tests.core.verification.sight import (
    FLIP,
    HOUR,
    MINUTE,
    OLD,
    ONE,
    RELEASE,
    TWO,
    dag,
    dags,
    history,
    in_flight,
    looks,
    run,
    seen,
    spec,
    watched,
)

BROKEN = (ImportProblem(file=f"{ONE}.py", message="ImportError", at=FLIP + MINUTE),)
GOOD_RUNS = (run(ONE, 2), run(TWO, 3))


def told(
    state: EnvironmentState, evidence: Iterable[Evidence], health: HealthSpec | None = None
) -> list[Reason]:
    reasons: list[Reason] = []
    for one in evidence:
        judged = judge(state, health or spec(), one)
        state, reasons = judged.state, [*reasons, *(news.reason for news in judged.news)]
    return reasons


def watch(state: EnvironmentState) -> Watch:
    assert state.watch is not None
    return state.watch


def minutes(start: int, end: int, *runs: EndedRun, **other: object) -> list[Evidence]:
    return [seen(minute, **({"runs": runs} | other)) for minute in range(start, end)]


def test_a_release_is_stable_after_minutes_and_runs_and_told_once() -> None:
    state = watched(ONE, TWO)
    assert told(state, minutes(1, 60, *GOOD_RUNS)) == [
        Reason.BAKING,
        Reason.BECAME_STABLE,
        Reason.BECAME_VERIFIED,
    ]
    early = looks(state, minutes(1, 30, *GOOD_RUNS)).state
    assert watch(early).stable_at is None
    assert early.stable == ()
    assert "30 minutes" in early.conditions[ConditionType.BAKED].message
    after = looks(early, minutes(30, 32, *GOOD_RUNS)).state
    assert after.stable[0].release == RELEASE.id
    assert after.stable[0].revision == "b" * 40
    assert after.stable[0].verified_at == FLIP + 30 * MINUTE
    assert after.conditions[ConditionType.BAKED].status is True


def test_a_look_that_was_begun_before_it_was_live_leaves_the_telling_to_the_next() -> None:
    assert told(watched(ONE), [seen(-1), seen(1), seen(2)]) == [Reason.BAKING]


def test_ten_quiet_minutes_prove_no_daily_dag() -> None:
    state = looks(watched(ONE, TWO), minutes(1, 25 * 60, run(ONE, 2))[::30]).state
    assert watch(state).stable_at is None
    assert TWO in state.conditions[ConditionType.BAKED].message
    given_up = looks(state, minutes(26 * 60, 26 * 60 + 3, run(ONE, 2))).state
    assert watch(given_up).stable_at is not None
    assert watch(given_up).verified_at is None
    ran = looks(given_up, minutes(1700, 1701, *GOOD_RUNS)).state
    assert ran.stable[0].verified_at == FLIP + 1700 * MINUTE


def stable(state: EnvironmentState) -> bool:
    return watch(state).stable_at is not None


def test_nobody_waits_for_a_dag_that_only_people_start() -> None:
    state = looks(watched(ONE), [seen(40, calendars={ONE: BY_HAND})]).state
    assert (stable(state), watch(state).verified_at) == (True, None)
    assert not stable(looks(watched(ONE), [seen(40)]).state)
    assert not stable(looks(watched(ONE), [seen(40, calendars={ONE: BY_ASSETS})]).state)
    at = FLIP + 40 * MINUTE
    paused = dags(at) | {ONE: dag(ONE, at, paused=True)}
    assert stable(looks(watched(ONE), [seen(40, dags=paused)]).state)


def test_what_runs_once_is_waited_for_while_it_is_new() -> None:
    once = BY_HAND | {"timetable": '"airflow.timetables.simple.OnceTimetable"'}
    for added in (frozenset[str](), frozenset({ONE})):
        state = looks(watched(ONE, added=added), [seen(40, calendars={ONE: once})]).state
        assert stable(state) is not bool(added)


def test_airflow_names_no_next_run_while_a_dag_has_as_many_in_flight_as_it_may() -> None:
    at = FLIP + 40 * MINUTE
    full = dags(at) | {ONE: dag(ONE, at, next_run_at=None, at_once=1)}
    for calendar in (EACH_MINUTE, BY_HAND):
        known = {"dags": full, "in_flight": (in_flight(ONE, 5),), "calendars": {ONE: calendar}}
        assert not stable(looks(watched(ONE), [seen(40, **known)]).state)
        pinned = known | {"in_flight": (in_flight(ONE, -5),)}
        assert stable(looks(watched(ONE), [seen(40, **pinned)]).state) is (calendar is BY_HAND)
        late = known | {"in_flight": (in_flight(ONE, 1500),)}
        assert not stable(looks(watched(ONE), [seen(1570, **late)]).state)


ONCE_BAD = (run(ONE, -31 * 24 * 60, "failed"), *history(ONE, 30))
"""A daily DAG that failed once: that it fails again may be chance."""


def test_a_dag_whose_only_run_failed_is_not_given_up_and_that_is_said() -> None:
    only = (*ONCE_BAD, run(ONE, 5, "failed"))
    evidence = [seen(minute, runs=only) for minute in (40, 60, 24 * 60 + 10, 26 * 60 + 5, 40 * 60)]
    state = looks(watched(ONE), evidence).state
    assert not stable(state)
    last = watch(state).tallies[SignalName.FAILED_RUNS].last
    assert last is not None
    assert "1 of 1 runs failed since, 1 of 31 before" in last.evidence[0]
    well = looks(state, [seen(48 * 60, runs=(*only, run(ONE, 47 * 60)))]).state
    assert stable(well)


def test_nobody_waits_for_longer_where_the_signal_is_off_and_runs_failed_before() -> None:
    off = spec(signals={SignalName.FAILED_RUNS: SignalSpec(limit=1, severity=Weight.OFF)})
    bad = run(ONE, 5, "failed")
    assert not stable(looks(watched(ONE), [seen(27 * 60, runs=(*history(ONE, 5), bad))], off).state)
    before = (*history(ONE, 5), run(ONE, -5, "failed"))
    assert stable(looks(watched(ONE), [seen(27 * 60, runs=(*before, bad))], off).state)


def cron(expression: str) -> dict[str, str]:
    return EACH_MINUTE | {"timetable expression": f'"{expression}"'}


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("* * * * *", 26),
        ("0 4 * * *", 26),
        ("30 5 * * 2", 72.5 + 1 + 0.5),  # it is Saturday, 5:00: Tuesday is near, Thursday is far
        ("30 5 * * 4", 26),
        ("0 6 1 * *", 26),
        ("0 0 31 2 *", 26),
    ],
)
def test_a_first_run_that_is_due_within_some_days_is_waited_for(expression: str, hours: float) -> None:
    known = {"runs": history(ONE, 20, takes=1800), "calendars": {ONE: cron(expression)}}
    assert not stable(looks(watched(ONE), [seen(hours * 60, **known)]).state)
    assert stable(looks(watched(ONE), [seen(hours * 60 + 1, **known)]).state)


def test_minutes_count_from_when_all_of_it_is_live() -> None:
    assert watch(looks(watched(live=False), minutes(1, 60)).state).stable_at is None
    late = watched()
    late = late.model_copy(update={"watch": watch(late).model_copy(update={"live_at": FLIP + HOUR})})
    assert watch(looks(late, [seen(61), seen(89)]).state).stable_at is None
    assert watch(looks(late, [seen(61), seen(90)]).state).stable_at == FLIP + 90 * MINUTE


def test_a_release_that_fails_is_not_stable_and_bakes_anew_when_it_is_well_again() -> None:
    state = watched(ONE, TWO)
    bad = looks(state, minutes(1, 20, *GOOD_RUNS, import_errors=BROKEN))
    assert watch(bad.state).outcome is Judgement.FAILED
    assert watch(bad.state).failed_at == FLIP + 3 * MINUTE
    assert bad.state.conditions[ConditionType.BAKED].reason is Reason.HEALTH_CHECK_FAILED
    well = looks(bad.state, minutes(20, 49, *GOOD_RUNS))
    assert watch(well.state).failed_at is None
    assert watch(well.state).stable_at is None
    assert watch(looks(well.state, minutes(49, 52, *GOOD_RUNS)).state).stable_at == FLIP + 50 * MINUTE


def test_failing_is_told_once_with_what_comes_next_and_so_is_recovery() -> None:
    state = watched(ONE).model_copy(
        update={"stable": (Stable(release=OLD.id, revision="a" * 40, at=FLIP - HOUR),)}
    )
    state = with_reverter(state)
    reasons, messages = [], []
    for one in (*minutes(1, 6, import_errors=BROKEN), *minutes(6, 9)):
        judged = judge(state, spec(), one)
        state = judged.state
        reasons += [news.reason for news in judged.news]
        messages += [news for news in judged.news if news.reason is Reason.HEALTH_CHECK_FAILED]
    assert reasons == [Reason.BAKING, Reason.HEALTH_CHECK_FAILED, Reason.HEALTH_RECOVERED]
    assert messages[0].severity is Severity.ERROR
    assert OLD.id in messages[0].message


def test_a_warning_fails_nothing() -> None:
    slow = (*history(ONE, 20), run(ONE, 2, takes=4000), run(ONE, 3))
    state, evidence = watched(ONE), minutes(80, 82, slow[-2], *slow[:-2])
    judged = looks(state, evidence)
    assert watch(judged.state).outcome is Judgement.SUCCEEDED
    assert watch(judged.state).tallies[SignalName.SLOW_RUNS].outcome is Judgement.FAILED
    assert Reason.HEALTH_WARNING in told(state, evidence)


def test_missing_data_is_never_good() -> None:
    nothing = {
        "dags": None,
        "import_errors": None,
        "runs": None,
        "missed": None,
        "heartbeats": None,
        "record": None,
        "ticked_at": None,
    }
    state = looks(watched(), minutes(1, 300, **nothing)).state
    assert watch(state).stable_at is None
    assert watch(state).outcome is Judgement.ERROR
    silent = looks(watched(), minutes(1, 300, heartbeats=Heartbeats())).state
    assert watch(silent).stable_at is not None
    only = {name: SignalSpec(limit=1, severity=Weight.OFF) for name in SignalName}
    beats = HealthSpec(signals=only | {SignalName.SCHEDULER: SignalSpec(limit=120)})
    unheard = looks(watched(), minutes(1, 300, heartbeats=Heartbeats()), beats).state
    assert watch(unheard).stable_at is None
    assert watch(looks(watched(), minutes(1, 300), beats).state).stable_at is not None


def test_what_cannot_be_had_is_told_once_and_fails_nothing() -> None:
    reasons = told(watched(), minutes(1, 30, heartbeats=None))
    assert reasons.count(Reason.HEALTH_UNKNOWN) == 3, (
        "two warnings, and one for both that people have to act on"
    )
    assert Reason.HEALTH_CHECK_FAILED not in reasons


def test_doubt_keeps_a_release_from_being_stable_and_is_told_once() -> None:
    often = (*history(ONE, 20, MINUTE * 10), run(ONE, 2), run(ONE, 8, "failed"), run(ONE, 9))
    health = HealthSpec(bake=Bake(minutes=1))
    evidence = [seen(minute, runs=often) for minute in range(10, 40)]
    assert told(watched(ONE), evidence, health).count(Reason.HEALTH_INCONCLUSIVE) == 0
    assert Reason.HEALTH_INCONCLUSIVE in told(watched(ONE), [seen(5, runs=often[:-2]), *evidence], health)
    assert watch(looks(watched(ONE), evidence, health).state).stable_at is None


def test_what_was_taken_back_is_not_among_the_stable_ones() -> None:
    known = tuple(
        Stable(release=f"{number:016x}", revision="a" * 40, at=FLIP) for number in range(STABLE_KEPT + 5)
    )
    state = watched().model_copy(update={"stable": known, "condemned": frozenset({known[0].release})})
    after = looks(state, minutes(1, 40)).state.stable
    assert len(after) == STABLE_KEPT
    assert [one.release for one in after[:2]] == [RELEASE.id, known[1].release]
    condemned = state.model_copy(update={"condemned": frozenset({RELEASE.id})})
    assert looks(condemned, minutes(1, 40)).state.stable[0] == known[0]
    assert state.accepted is not None
    desired = state.accepted.desired
    quarantine = Quarantined(release=RELEASE.id, by="Ana <ana@example.com>", since=FLIP, reason="It failed.")
    holds = desired.holds.model_copy(update={"quarantine": (quarantine,)})
    accepted = state.accepted.model_copy(update={"desired": desired.model_copy(update={"holds": holds})})
    out = looks(state.model_copy(update={"accepted": accepted}), minutes(1, 40)).state
    assert RELEASE.id not in {one.release for one in out.stable}


def test_a_release_that_is_gone_back_to_stays_stable_once() -> None:
    old = Stable(release=RELEASE.id, revision="a" * 40, at=FLIP - HOUR)
    state = watched(rollback=True).model_copy(update={"stable": (old,)})
    assert looks(state, [seen(1)]).state.stable == (old,)
    assert [one.at for one in looks(state, minutes(1, 40)).state.stable] == [FLIP + 30 * MINUTE]


def test_import_errors_are_remembered_when_nothing_is_on_its_way() -> None:
    files = frozenset({f"{ONE}.py"})
    assert looks(watched(), [seen(1, import_errors=BROKEN)]).state.import_errors == frozenset()
    stable = watched(stable_at=FLIP)
    assert looks(stable, [seen(1, import_errors=BROKEN)]).state.import_errors == files
    nobody = stable.model_copy(update={"watch": None})
    assert looks(nobody, [seen(1, import_errors=BROKEN)]).state.import_errors == files


def test_a_look_that_is_late_changes_nothing() -> None:
    state = looks(watched(), [seen(10)]).state
    assert looks(state, [seen(9, import_errors=BROKEN)]).state == state


@pytest.mark.parametrize("rollback", [False, True])
def test_who_acts_next_is_said(rollback: bool) -> None:
    judged = looks(watched(ONE, rollback=rollback), minutes(1, 4, import_errors=BROKEN))
    message = next(news.message for news in judged.news if news.reason is Reason.HEALTH_CHECK_FAILED)
    assert "people have to act" in message


REVERTER = "reverter@example.com"


def next_step(state: EnvironmentState) -> str:
    """What is told to come of a release whose DAG does not import."""
    judged = looks(state, minutes(1, 4, import_errors=BROKEN))
    return next(news.message for news in judged.news if news.reason is Reason.HEALTH_CHECK_FAILED)


def with_reverter(state: EnvironmentState, *, could: bool | None = None) -> EnvironmentState:
    assert state.accepted is not None
    desired = state.accepted.desired.model_copy(update={"reverter": REVERTER})
    update = {"accepted": state.accepted.model_copy(update={"desired": desired})}
    tried = Finding(
        type=ConditionType.REVERTIBLE, status=could, reason=Reason.REVERT_POSSIBLE, message="It was tried."
    )
    return with_conditions(state.model_copy(update=update), [tried], None, FLIP)


def test_no_revert_is_promised_that_may_not_come() -> None:
    good = {"stable": (Stable(release=OLD.id, revision="a" * 40, at=FLIP),)}
    state = watched(ONE).model_copy(update=good)
    for could in (None, True):
        message = next_step(with_reverter(state, could=could))
        assert message.endswith(
            f"An alarm goes off; unless a guard objects, it brings back release {OLD.id}."
        )
    for message in (next_step(state), next_step(with_reverter(state, could=False))):
        assert "people have to go back (`reconciler rollback dev`)" in message
        assert OLD.id not in message
    assert "people have to act" in next_step(with_reverter(watched(ONE)))

"""A second try before blame: what a look asks for, and what it makes of how that went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.core.trying_again import answered
from reconciler.core.verification import Judged
from reconciler.core.verification.second_try import PATIENCE
from reconciler.model.health import SignalName, SignalSpec, Weight
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason
from reconciler.model.seen import EndedRun, Record, RecordedTest
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Judgement, Measurement, SecondTry, Watch
from tests.core.verification.sight import (
    DAY,
    FLIP,
    HOUR,
    MINUTE,
    ONE,
    TWO,
    history,
    looks,
    measured,
    run,
    seen,
    spec,
    watched,
)

FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE
RUNS, TASKS, TESTS = SignalName.FAILED_RUNS, SignalName.FAILED_TASKS, SignalName.DATA_TESTS
BEFORE = history(ONE, 30)
FIRST = run(ONE, 5, "failed")
ASKED = 10.0
"""Minutes after the flip: the look that saw it fail."""


def of(judged: Judged, name: SignalName = RUNS) -> Measurement:
    return measured(judged, name)


def watch(judged: Judged) -> Watch:
    assert judged.state.watch is not None
    return judged.state.watch


def asked(*more: EndedRun, **other: Any) -> Judged:
    """The look that sees the first run fail."""
    state = watched(*{one.dag_id for one in (FIRST, *more)})
    return looks(state, [seen(ASKED, runs=(*BEFORE, FIRST, *more))], spec(**other))


def cleared(judged: Judged, refused: str = "") -> EnvironmentState:
    """A tick is through with it, a minute later."""
    return answered(judged.state, {ONE: refused}, FLIP + (ASKED + 1) * MINUTE)


def then(state: EnvironmentState, minutes: float, *runs: EndedRun, **other: Any) -> Judged:
    return looks(state, [seen(minutes, runs=(*BEFORE, *runs), **other)])


def again(state: str, minutes: float = 12) -> EndedRun:
    """The same run, begun anew so many minutes after the flip."""
    return run(ONE, minutes, state).model_copy(update={"run_id": FIRST.run_id})


def in_flight(state: str = "running") -> tuple[DagRun, ...]:
    started = FLIP + 12 * MINUTE if state == "running" else None
    return (DagRun(dag_id=ONE, run_id=FIRST.run_id, state=state, run_type="scheduled", started_at=started),)


def test_a_single_failed_run_of_a_dag_that_runs_seldom_is_in_doubt_and_is_tried_once_more() -> None:
    judged = asked()
    assert of(judged).outcome is OPEN
    assert of(judged).dags == (ONE,)
    assert watch(judged).second_tries == {ONE: SecondTry(first=FIRST, moved_at=FLIP + ASKED * MINUTE)}
    assert watch(judged).outcome is not FAILED
    (told,) = [news for news in judged.news if news.reason is Reason.SECOND_TRY]
    assert told.evidence == (f"{ONE}: {FIRST.run_id}",)
    assert not [news for news in judged.news if news.reason is Reason.HEALTH_INCONCLUSIVE]


@pytest.mark.parametrize(
    ("runs", "other", "outcome"),
    [
        pytest.param((*BEFORE, FIRST), {"second_try": False}, FAILED, id="nobody wants it"),
        pytest.param(
            (*BEFORE, FIRST),
            {"signals": {RUNS: SignalSpec(limit=0.2, severity=Weight.WARNING, window_minutes=1440)}},
            FAILED,
            id="nothing is taken back for it",
        ),
        pytest.param((*BEFORE, FIRST, run(ONE, 7, "failed")), {}, FAILED, id="it failed twice"),
        pytest.param((*history(ONE, 60, HOUR / 6), FIRST), {}, OPEN, id="it runs again soon"),
        pytest.param((*BEFORE, run(ONE, -9, "failed"), FIRST), {}, OPEN, id="it failed before"),
        pytest.param((FIRST,), {}, OPEN, id="it is not known"),
        pytest.param((*BEFORE, run(ONE, 5)), {}, GOOD, id="it is well"),
    ],
)
def test_nothing_else_is(runs: tuple[EndedRun, ...], other: dict[str, Any], outcome: Judgement) -> None:
    judged = looks(watched(ONE), [seen(ASKED, runs=runs)], spec(**other))
    assert of(judged).outcome is outcome
    assert watch(judged).second_tries == {}


def test_nothing_is_where_the_signal_fails_anyway() -> None:
    twice = (run(TWO, 5, "failed"), run(TWO, 7, "failed"))
    judged = looks(watched(ONE, TWO), [seen(ASKED, runs=(*BEFORE, *history(TWO, 30), FIRST, *twice))])
    assert (of(judged).outcome, of(judged).dags) == (FAILED, (ONE, TWO))
    assert watch(judged).second_tries == {}


def test_nothing_is_on_a_release_that_is_judged_bad_already() -> None:
    state = watched(ONE, failed_at=FLIP)
    judged = looks(state, [seen(ASKED, runs=(*BEFORE, FIRST))])
    assert of(judged).outcome is FAILED
    assert watch(judged).second_tries == {}


def test_each_dag_has_its_own() -> None:
    other = run(TWO, 6, "failed")
    judged = looks(watched(ONE, TWO), [seen(ASKED, runs=(*BEFORE, *history(TWO, 30), FIRST, other))])
    assert of(judged).outcome is OPEN
    assert watch(judged).second_tries.keys() == {ONE, TWO}


def test_while_it_is_waited_for_it_is_in_doubt() -> None:
    late = PATIENCE / MINUTE
    before = then(asked().state, ASKED + late - 1, FIRST)
    assert of(before).outcome is OPEN, "no tick was there yet"
    gone = then(cleared(asked()), ASKED + late, in_flight=())
    assert of(gone).outcome is OPEN, "it was just cleared, or has just ended"
    for kind in ("queued", "running"):
        hours = then(cleared(asked()), 20 * 60, in_flight=in_flight(kind))
        assert of(hours).outcome is OPEN
    assert of(then(cleared(asked()), 20 * 60, in_flight=None)).outcome is OPEN, "nobody can tell"
    days = then(cleared(asked()), 3 * DAY / MINUTE, in_flight=in_flight())
    assert of(days).outcome is OPEN, "however long it takes"
    assert watch(days).stable_at is None


def test_one_that_ends_between_two_questions_of_a_look_is_not_gone() -> None:
    state = then(cleared(asked()), 600, in_flight=in_flight()).state
    assert of(then(state, 601, in_flight=())).outcome is OPEN
    assert of(then(state, 600 + PATIENCE / MINUTE, in_flight=())).outcome is FAILED


def test_one_that_ends_well_is_good_and_counts_as_run() -> None:
    judged = then(cleared(asked()), 20, again("success"))
    assert of(judged).outcome is GOOD
    assert f"{ONE} at a second try" in of(judged).message
    assert watch(judged).ran == {ONE: 1}
    assert watch(then(judged.state, 60, again("success"))).stable_at is not None


def test_one_that_fails_again_fails_the_signal() -> None:
    judged = then(cleared(asked()), 20, again("failed"))
    assert of(judged).outcome is FAILED
    assert f"{FIRST.run_id} failed at its second try" in of(judged).evidence[0]
    assert watch(judged).outcome is FAILED


def test_so_does_another_run_that_fails_meanwhile() -> None:
    judged = then(cleared(asked()), 20, run(ONE, 15, "failed"), in_flight=in_flight())
    assert of(judged).outcome is FAILED
    assert of(then(cleared(asked()), 20, run(ONE, 15), in_flight=in_flight())).outcome is OPEN


def test_one_that_ended_well_is_the_last_of_its_dag() -> None:
    good = then(cleared(asked()), 20, again("success")).state
    judged = then(good, 40, again("success"), run(ONE, 30, "failed"))
    assert of(judged).outcome is FAILED
    assert not [news for news in judged.news if news.reason is Reason.SECOND_TRY]


@pytest.mark.parametrize("why", ["its DAG is paused", "health.secondTry is off", "Airflow refuses it."])
def test_what_could_not_be_cleared_is_believed_at_once(why: str) -> None:
    judged = then(cleared(asked(), refused=why), 12, FIRST)
    assert of(judged).outcome is FAILED
    assert f"{FIRST.run_id} was not tried once more: {why}" in of(judged).evidence[0]


def test_what_does_not_begin_is_believed_in_the_end() -> None:
    for state, since in ((asked().state, ASKED), (cleared(asked()), ASKED + 1)):
        over = since + PATIENCE / MINUTE
        assert of(then(state, over - 0.1, FIRST)).outcome is OPEN
        judged = then(state, over, FIRST)
        assert of(judged).outcome is FAILED
        assert f"{FIRST.run_id} was not seen to be tried once more" in of(judged).evidence[0]
        assert of(then(state, over, FIRST, in_flight=None)).outcome is FAILED, "it ended, as it was seen to"


def test_so_is_one_that_is_gone() -> None:
    state, over = cleared(asked()), ASKED + 1 + PATIENCE / MINUTE
    assert of(then(state, over, in_flight=())).outcome is FAILED
    long_ago = then(state, 3 * DAY / MINUTE, run(ONE, 2 * DAY / MINUTE + 600), in_flight=())
    assert of(long_ago).outcome is GOOD, "what is out of the window is over"


def test_what_somebody_else_cleared_is_judged_by_how_it_ends() -> None:
    state = asked().state
    assert of(then(state, 40, in_flight=in_flight())).outcome is OPEN
    assert of(then(state, 40, again("success"))).outcome is GOOD
    assert of(then(state, 40, again("failed"))).outcome is FAILED


def test_its_tasks_are_not_counted_as_tried_again() -> None:
    before = tuple(one.model_copy(update={"tries": 0}) for one in BEFORE)
    retried = again("success").model_copy(update={"tries": 9})
    judged = looks(cleared(asked()), [seen(20, runs=(*before, retried))])
    assert of(judged, TASKS).outcome is OPEN


def test_a_test_that_made_the_run_fail_waits_with_it() -> None:
    def tested(at: timedelta, passed: bool) -> RecordedTest:
        return RecordedTest(
            dag_id=ONE, table="RAW.T", rule="unique", severity="error", passed=passed, checked_at=FLIP + at
        )

    usual = [tested(-number * DAY, True) for number in range(20, 0, -1)]
    red = [*usual, tested(5 * MINUTE, False)]
    look = seen(ASKED, runs=(*BEFORE, FIRST), record=Record(tests=tuple(red)))
    judged = looks(watched(ONE), [look])
    assert of(judged, TESTS).outcome is OPEN
    assert watch(judged).outcome is not FAILED
    green = Record(tests=(*red, tested(12 * MINUTE, True)))
    assert of(then(cleared(judged), 20, again("success"), record=green), TESTS).outcome is GOOD
    still = Record(tests=(*red, tested(12 * MINUTE, False)))
    assert of(then(cleared(judged), 20, again("failed"), record=still), TESTS).outcome is FAILED
    left = then(cleared(judged), 20, again("success"), record=Record(tests=tuple(red)))
    assert of(left, TESTS).outcome is FAILED, "the run is well without it"


def test_a_memory_from_before_there_were_second_tries_is_read() -> None:
    state = watched(ONE)
    assert state.watch is not None
    old = state.watch.model_dump(mode="json", exclude={"second_tries"})
    assert Watch.model_validate(old) == state.watch
    kept = watch(asked())
    assert Watch.model_validate_json(kept.model_dump_json()) == kept

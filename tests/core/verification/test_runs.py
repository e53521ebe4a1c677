"""Runs of changed DAGs against their own baseline; runs of the release before never count."""

from __future__ import annotations

import pytest

from reconciler.model.health import SignalName
from reconciler.model.observation import DagRun
from reconciler.model.seen import EndedRun
from reconciler.model.watch import Judgement, Revert
from tests.core.verification.sight import (
    DAY,
    FLIP,
    HOUR,
    MINUTE,
    OLD,
    ONE,
    RELEASE,
    TWO,
    history,
    looks,
    measured,
    outcome,
    run,
    seen,
    spec,
    watched,
)

FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE
RUNS, TASKS, SLOW = SignalName.FAILED_RUNS, SignalName.FAILED_TASKS, SignalName.SLOW_RUNS


AT_ONCE = spec(second_try=False)
"""A single failure is believed: what comes of it otherwise is in ``test_second_try``."""


def of(name: SignalName, *runs: EndedRun, minutes: float = 60) -> Judgement:
    return outcome(watched(ONE), seen(minutes, runs=runs), name, AT_ONCE)


def test_the_first_run_of_a_daily_dag_that_never_failed_tells() -> None:
    assert of(RUNS, *history(ONE, 30), run(ONE, 5, "failed")) is FAILED
    assert of(RUNS, *history(ONE, 30), run(ONE, 5)) is GOOD
    assert of(RUNS, *history(ONE, 30)) is OPEN


def test_a_dag_that_runs_often_has_to_fail_twice() -> None:
    often = history(ONE, 60, HOUR / 6)
    assert of(RUNS, *often, run(ONE, 5, "failed")) is OPEN
    assert of(RUNS, *often, run(ONE, 5, "failed"), run(ONE, 15, "failed")) is FAILED
    mostly = [run(ONE, number) for number in range(5, 25)]
    assert of(RUNS, *often, *mostly, run(ONE, 30, "failed")) is GOOD


def test_one_that_failed_now_and_then_may_fail_again() -> None:
    flaky = (*history(ONE, 20), *(run(ONE, -5 + number, "failed") for number in range(4)))
    assert of(RUNS, *flaky, run(ONE, 5, "failed")) is OPEN
    assert of(RUNS, *flaky, *(run(ONE, 5 + number, "failed") for number in range(4))) is FAILED


def test_of_a_new_dag_one_failure_is_too_little() -> None:
    assert of(RUNS, run(ONE, 5, "failed")) is OPEN
    assert of(RUNS, *(run(ONE, number, "failed") for number in range(5, 9))) is FAILED


def test_what_began_before_the_flip_is_of_the_release_before() -> None:
    pinned = run(ONE, -1, "failed", takes=600)
    assert of(RUNS, *history(ONE, 30), pinned) is OPEN
    assert outcome(watched(TWO), seen(60, runs=(*history(ONE, 30), run(ONE, 5, "failed"))), RUNS) is OPEN


def test_runs_that_going_back_cleared_do_not_count() -> None:
    failed = run(ONE, 5, "failed")
    revert = Revert(
        alarm="a",
        blamed="c" * 40,
        release=OLD.id,
        to=RELEASE.id,
        intended_at=FLIP,
        cleared={ONE: (failed.run_id,)},
    )
    evidence = seen(60, runs=(*history(ONE, 30), failed))
    gone_back = watched(ONE).model_copy(update={"reverts": (revert,)})
    assert outcome(gone_back, evidence, RUNS, AT_ONCE) is OPEN
    other = gone_back.model_copy(update={"reverts": (revert.model_copy(update={"to": OLD.id}),)})
    assert outcome(other, evidence, RUNS, AT_ONCE) is FAILED


def test_a_release_that_changed_no_dag_has_no_runs_to_judge() -> None:
    judged = looks(watched(), [seen(2, runs=None)])
    assert {one.signal for one in judged.measurements}.isdisjoint({RUNS, TASKS, SLOW})


def test_what_could_not_be_had_is_an_error() -> None:
    evidence = seen(2, runs=None, troubles={RUNS: "Airflow does not answer"})
    found = measured(looks(watched(ONE), [evidence]), RUNS)
    assert (found.outcome, "Airflow does not answer" in found.message) == (Judgement.ERROR, True)


@pytest.mark.parametrize(("tries", "expected"), [(8, FAILED), (1, GOOD), (3, GOOD), (None, OPEN)])
def test_tasks_that_are_tried_again_are_compared(tries: int | None, expected: Judgement) -> None:
    before = [run(ONE, -number * 1440, tries=number % 4) for number in range(1, 20)]
    assert of(TASKS, *before, run(ONE, 5, tries=tries)) is expected


def test_a_slow_run_is_slower_than_all_before_but_outliers() -> None:
    before = [run(ONE, -number * 1440, takes=600 + 20 * (number % 5)) for number in range(1, 20)]
    assert of(SLOW, *before, run(ONE, 5, takes=700)) is GOOD
    assert of(SLOW, *before, run(ONE, 5, takes=2400)) is FAILED
    outliers = [run(ONE, -30 - number, takes=3000) for number in range(2)]
    assert of(SLOW, *before, outliers[0], run(ONE, 5, takes=2400)) is FAILED
    assert of(SLOW, *before, *outliers, run(ONE, 5, takes=2400)) is GOOD
    assert of(SLOW, *before[:4], run(ONE, 5, takes=2400)) is OPEN


def test_a_run_that_does_not_end_is_slow_already() -> None:
    before = history(ONE, 20, takes=600)
    endless = DagRun(dag_id=ONE, run_id="r", state="running", run_type="scheduled", started_at=FLIP + MINUTE)
    late = seen(120, runs=before, in_flight=(endless,))
    assert outcome(watched(ONE), late, SLOW) is FAILED
    soon = seen(8, runs=before, in_flight=(endless,))
    assert outcome(watched(ONE), soon, SLOW) is OPEN
    pinned = endless.model_copy(update={"started_at": FLIP - DAY})
    assert outcome(watched(ONE), seen(120, runs=before, in_flight=(pinned,)), SLOW) is OPEN

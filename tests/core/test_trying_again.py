"""Which second tries a tick makes, and what it remembers of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.trying_again import answered, asked_for, cleared, obstacles, step
from reconciler.core.verification.second_try import PATIENCE
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import FailedRun
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState, Fence, StepResult
from reconciler.model.watch import SecondTry
from tests.core.verification.sight import FLIP, MINUTE, ONE, TWO, run, watched

FIRST, OTHER = run(ONE, 5, "failed"), run(TWO, 5, "failed")
ASKED = {dag: SecondTry(first=first, moved_at=FLIP) for dag, first in ((ONE, FIRST), (TWO, OTHER))}


def state(**update: object) -> EnvironmentState:
    return watched(ONE, TWO, second_tries=ASKED).model_copy(update=update)


def tries(of: EnvironmentState) -> dict[str, SecondTry]:
    assert of.watch is not None
    return of.watch.second_tries


def test_those_are_made_that_no_tick_is_through_with_and_that_are_young() -> None:
    assert asked_for(state(watch=None), FLIP) == {}
    assert asked_for(state(), FLIP + PATIENCE - MINUTE) == ASKED
    assert asked_for(state(), FLIP + PATIENCE) == {}
    for refused in ("", "Airflow refuses it."):
        assert asked_for(answered(state(), {ONE: refused}, FLIP), FLIP).keys() == {TWO}


def test_none_is_made_behind_a_fence() -> None:
    fence = Fence(opened_at=FLIP, ours=True)
    assert asked_for(state(fences={ONE: fence}), FLIP).keys() == {TWO}


@pytest.mark.parametrize(
    "now",
    [
        pytest.param((), id="it is in flight, or gone"),
        pytest.param((run(ONE, 5),), id="it ended well"),
        pytest.param(
            (FIRST.model_copy(update={"ended_at": FIRST.ended_at + timedelta(seconds=1)}),),
            id="it failed again",
        ),
    ],
)
def test_what_is_not_as_it_was_seen_is_left_alone(now: tuple[EndedRun, ...]) -> None:
    assert obstacles(ASKED, {}, (*now, OTHER)) == {ONE: ""}


def test_so_is_a_dag_that_is_paused() -> None:
    paused = AirflowDag(dag_id=ONE, active=True, paused=True, release=None, last_parsed_at=None)
    assert obstacles(ASKED, {ONE: paused}, (FIRST, OTHER)) == {ONE: "its DAG is paused"}


def test_the_step_gives_up_when_it_is_not_waited_for_any_more() -> None:
    made = step(ASKED)
    assert (made.second_try, made.patient_until) == (True, FLIP + PATIENCE)
    assert [(one.dag_id, one.run_id) for one in made.runs] == [(ONE, FIRST.run_id), (TWO, OTHER.run_id)]


def test_what_became_of_each_is_remembered() -> None:
    one, two = (FailedRun(dag_id=first.dag_id, run_id=first.run_id) for first in (FIRST, OTHER))
    later = FLIP + MINUTE
    found = tries(cleared(state(), StepResult(cleared=(one,), uncleared={two: "No."}), later))
    assert (found[ONE].refused, found[ONE].moved_at) == ("", later)
    assert found[TWO].refused == "No."
    assert tries(cleared(state(), StepResult(), later)) == ASKED, "it is tried again by the next tick"

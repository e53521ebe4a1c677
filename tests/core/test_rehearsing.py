"""What two attempts show of going back and forth again, and what none does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.rehearsing import REMEMBERED, back, forth, last_stable, measured, remembering
from reconciler.model.reason import Phase, TriggeredBy
from reconciler.model.state import EnvironmentState, Operation
from reconciler.model.watch import Judgement, Rehearsal, Stable, Watch
from tests.builders import NOW

OLD, NEW, SECOND = "a" * 16, "b" * 16, timedelta(seconds=1)


def attempt(
    number: int, release: str, subject: str, seconds: float, phase: Phase = Phase.SUCCEEDED
) -> Operation:
    begun = NOW + number * 60 * SECOND
    return Operation(
        attempt=number,
        revision="c" * 40,
        release=release,
        triggered_by=TriggeredBy.WEBHOOK,
        subject=subject,
        phase=phase,
        message="",
        plan_digest="",
        started_at=begun,
        finished_at=begun + seconds * SECOND,
    )


FIRST = attempt(7, OLD, back("staging", NEW), 12)
LAST = attempt(8, NEW, forth("staging", NEW), 9)


def shown(first: Operation = FIRST, last: Operation = LAST, **more: object) -> Rehearsal | None:
    state = EnvironmentState(environment="staging", operation=last).model_copy(update=more)
    return measured(state, [last, first])


def test_back_and_forth_is_measured() -> None:
    assert shown() == Rehearsal(release=NEW, to=OLD, at=NOW + 489 * SECOND, back_seconds=12, forth_seconds=9)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST, LAST.model_copy(update={"phase": Phase.FAILED})),
        (FIRST, LAST.model_copy(update={"finished_at": None})),
        (FIRST, LAST.model_copy(update={"subject": "Bump"})),
        (FIRST, LAST.model_copy(update={"release": "d" * 16})),
        (FIRST.model_copy(update={"phase": Phase.ERROR}), LAST),
        (FIRST.model_copy(update={"subject": back("staging", OLD)}), LAST),
        (FIRST.model_copy(update={"subject": back("dev", NEW)}), LAST),
        (FIRST.model_copy(update={"release": NEW}), LAST),
        (FIRST.model_copy(update={"attempt": 6}), LAST),
    ],
)
def test_what_did_not_go_back_and_forth_shows_nothing(first: Operation, last: Operation) -> None:
    assert shown(first, last) is None


def test_it_is_remembered_once_and_only_the_newest_are() -> None:
    new = shown()
    assert new is not None
    assert shown(rehearsals=(new,)) is None
    state = EnvironmentState(environment="staging")
    for _ in range(REMEMBERED + 1):
        state = remembering(state, new)
    assert len(state.rehearsals) == REMEMBERED


@pytest.mark.parametrize("outcome", list(Judgement))
def test_what_is_not_well_on_the_way_forth_has_to_prove_itself(outcome: Judgement) -> None:
    new = shown()
    assert new is not None
    watch = Watch(
        release=NEW, revision="c" * 40, attempt=8, begun_at=NOW, touched={"one": NOW}, outcome=outcome
    )
    left = watch.model_copy(update={"stable_at": NOW, "ran": {"one": 3}, "outcome": Judgement.SUCCEEDED})
    state = remembering(EnvironmentState(environment="staging", left=left, watch=watch), new)
    assert state.watch is not None
    assert (state.watch.ran, len(state.stable)) == (
        ({}, 0) if outcome is Judgement.FAILED else ({"one": 3}, 1)
    )


def test_what_was_taken_back_is_not_gone_back_to() -> None:
    known = tuple(Stable(release=one, revision="c" * 40, at=NOW) for one in (NEW, "d" * 16, OLD))
    state = EnvironmentState(environment="staging", stable=known, condemned=frozenset({"d" * 16}))
    assert last_stable(state, NEW) == known[2]
    assert last_stable(state, OLD) == known[0]
    assert last_stable(state.model_copy(update={"stable": known[:1]}), NEW) is None

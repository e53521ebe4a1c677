"""The counters of Argo Rollouts: so many failures, open measurements and errors are borne."""

from __future__ import annotations

import pytest

from reconciler.core.verification.tally import counted, excused
from reconciler.model.health import SignalName, SignalSpec, Weight
from reconciler.model.watch import Judgement, Measurement, Tally

GOOD, BAD, OPEN, ERROR = (
    Judgement.SUCCEEDED,
    Judgement.FAILED,
    Judgement.INCONCLUSIVE,
    Judgement.ERROR,
)
SPEC = SignalSpec(limit=0, failure_limit=1, consecutive_error_limit=2)


def measurement(outcome: Judgement, dags: tuple[str, ...] = ()) -> Measurement:
    return Measurement(
        signal=SignalName.SCHEDULER, outcome=outcome, message="It is so.", dags=dags, things=dags
    )


def after(*outcomes: Judgement) -> Tally:
    tally: Tally | None = None
    for outcome in outcomes:
        tally = counted(tally, SPEC, measurement(outcome))
    assert tally is not None
    return tally


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((GOOD,), GOOD),
        ((BAD,), OPEN),
        ((BAD, BAD), BAD),
        ((BAD, GOOD, BAD), OPEN),
        ((BAD, OPEN, BAD), BAD),
        ((BAD, ERROR, BAD), BAD),
        ((BAD, BAD, OPEN), BAD),
        ((BAD, BAD, ERROR, ERROR, ERROR), BAD),
        ((BAD, BAD, GOOD), GOOD),
        ((GOOD, OPEN), OPEN),
        ((GOOD, ERROR, ERROR), GOOD),
        ((GOOD, ERROR, ERROR, ERROR), ERROR),
        ((GOOD, ERROR, ERROR, OPEN, ERROR, ERROR), OPEN),
        ((ERROR, ERROR, ERROR, GOOD), GOOD),
    ],
)
def test_what_measurements_come_to(outcomes: tuple[Judgement, ...], expected: Judgement) -> None:
    assert after(*outcomes).outcome is expected


def test_what_is_measured_is_counted() -> None:
    tally = after(GOOD, BAD, OPEN, OPEN, ERROR)
    assert (tally.measured, tally.failed, tally.inconclusive, tally.errors) == (5, 1, 2, 1)
    assert tally.worst == measurement(BAD)
    assert tally.last == measurement(ERROR)


def test_what_is_beside_the_release_only_warns_and_what_is_not_is_counted_anew() -> None:
    beside = measurement(BAD).model_copy(update={"beside": True})
    known: Tally | None = None
    found = []
    for one in (beside, beside, measurement(OPEN), measurement(BAD), measurement(BAD), measurement(GOOD)):
        known = counted(known, SPEC, one)
        found.append((known.severity, known.outcome))
    warns, errs = Weight.WARNING, Weight.ERROR
    assert found == [(warns, OPEN), (warns, BAD), (warns, BAD), (errs, OPEN), (errs, BAD), (errs, GOOD)]
    assert counted(counted(None, SPEC, beside), SPEC, measurement(GOOD)).severity is errs


def test_what_was_so_before_is_excused_and_more_is_not() -> None:
    bad = measurement(BAD, ("one",))
    assert excused(bad, frozenset({"one", "two"})).outcome is OPEN
    assert excused(bad, frozenset({"two"})).outcome is BAD
    assert excused(bad, None).outcome is BAD
    assert excused(measurement(BAD), frozenset()).outcome is OPEN
    assert excused(measurement(GOOD), frozenset()).outcome is GOOD

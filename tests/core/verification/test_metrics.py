"""What is published of a look: bounded, and nothing where nothing can be said."""

from __future__ import annotations

import pytest

from reconciler.core.verification import Judged, metrics, signs_of_life
from reconciler.model.health import HealthSpec, SignalName, SignalSpec, Weight
from reconciler.model.observation import ImportProblem
from reconciler.model.seen import Evidence, Heartbeats
from tests import builders
from tests.core.verification.sight import FLIP, MINUTE, ONE, looks, run, seen, watched

BROKEN = (ImportProblem(file=f"{ONE}.py", message="ImportError", at=FLIP + MINUTE),)
NOTHING = {
    "dags": None,
    "import_errors": None,
    "runs": None,
    "missed": None,
    "heartbeats": None,
    "record": None,
    "ticked_at": None,
}


def published(*evidence: Evidence) -> dict[tuple[str, ...], float]:
    judged = looks(watched(ONE), evidence)
    return {(one.name, *one.dimensions.values()): one.value for one in metrics(judged)}


def test_a_release_that_fails_shows_and_so_does_the_signal() -> None:
    well, bad = published(seen(1)), published(*(seen(minute, import_errors=BROKEN) for minute in (1, 2, 3)))
    assert (well["HealthFailed", "dev"], bad["HealthFailed", "dev"]) == (0, 1)
    assert (well["SignalFailed", "dev", "import-errors"], bad["SignalFailed", "dev", "import-errors"]) == (
        0,
        1,
    )
    assert well["HealthChecked", "dev"] == bad["HealthChecked", "dev"] == 1
    assert ("SignalFailed", "dev", "data-tests") not in well
    assert well["SignalsInconclusive", "dev"] > 0
    assert well["ReleaseAge", "dev"] == 120


def test_of_what_cannot_be_had_nothing_is_said_but_that_somebody_looks() -> None:
    blind = published(seen(1, **NOTHING))
    assert ("HealthFailed", "dev") not in blind
    assert ("HealthJudged", "dev") not in blind
    assert blind["HealthChecked", "dev"] == 1
    failed = published(*(seen(minute, import_errors=BROKEN) for minute in (1, 2, 3)), seen(4, **NOTHING))
    assert failed["HealthFailed", "dev"] == 1
    assert ("HealthJudged", "dev") not in failed, "it failed, and nobody sees whether it still does"


@pytest.mark.parametrize("weight", [Weight.WARNING, Weight.ERROR])
def test_that_the_reconciler_is_alive_tells_nothing_of_the_release(weight: Weight) -> None:
    spec = HealthSpec(signals={SignalName.RECONCILER: SignalSpec(limit=300, severity=weight)})
    alive = NOTHING | {"ticked_at": FLIP + MINUTE}
    names = {one.name for one in metrics(looks(watched(ONE), [seen(1, **alive)], spec))}
    assert not {"HealthJudged", "HealthFailed"} & names


def test_where_only_that_has_to_be_so_it_is_enough() -> None:
    off = {name: SignalSpec(limit=0, severity=Weight.OFF) for name in SignalName}
    spec = HealthSpec(signals=off | {SignalName.RECONCILER: SignalSpec(limit=300)})
    alive = NOTHING | {"ticked_at": FLIP + MINUTE}
    assert "HealthJudged" in {one.name for one in metrics(looks(watched(ONE), [seen(1, **alive)], spec))}


def test_an_environment_without_a_watch_is_not_failing() -> None:
    values = {one.name: one.value for one in metrics(Judged(state=builders.state()))}
    assert values == {"HealthChecked": 1, "HealthJudged": 1, "HealthFailed": 0}


def test_what_need_not_be_looked_at_counts_as_judged() -> None:
    assert {one.name for one in signs_of_life(builders.state())} == {"HealthChecked", "HealthJudged"}


def test_dimensions_are_bounded() -> None:
    judged = looks(watched(ONE), [seen(1, runs=(run(ONE, 0.5),), heartbeats=Heartbeats())])
    names = {key for one in metrics(judged) for key in one.dimensions}
    assert names == {"environment", "signal"}

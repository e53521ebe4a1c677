"""Signs of life, and what MWAA says of itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.model.health import SignalName
from reconciler.model.seen import Heartbeats, PlatformMetrics
from reconciler.model.watch import Judgement
from tests.core.verification.sight import FLIP, MINUTE, ONE, looks, outcome, seen, watched

FAILED, GOOD, OPEN = Judgement.FAILED, Judgement.SUCCEEDED, Judgement.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "part", "seconds"),
    [(SignalName.SCHEDULER, "scheduler", 120), (SignalName.DAG_PROCESSOR, "dag_processor", 300)],
)
def test_who_gives_no_sign_of_life_is_dead(name: SignalName, part: str, seconds: float) -> None:
    def after(silent: float) -> Judgement:
        beats = Heartbeats(**{part: FLIP + 60 * MINUTE - silent * MINUTE / 60})
        return outcome(watched(ONE), seen(60, heartbeats=beats), name)

    assert (after(seconds - 1), after(seconds + 1)) == (GOOD, FAILED)
    assert outcome(watched(ONE), seen(60, heartbeats=Heartbeats()), name) is OPEN
    assert outcome(watched(ONE), seen(60, heartbeats=None), name) is Judgement.ERROR


def test_a_dead_reconciler_is_told_of() -> None:
    name = SignalName.RECONCILER
    assert outcome(watched(ONE), seen(60, ticked_at=FLIP), name) is FAILED
    assert outcome(watched(ONE), seen(60, ticked_at=None), name) is OPEN


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"SchedulerHeartbeat": 10.0, "QueuedTasks": 3.0, "RunningTasks": 1.0}, GOOD),
        ({"SchedulerHeartbeat": 0.0}, FAILED),
        ({"SchedulerHeartbeat": 1.0, "QueuedTasks": 3.0, "RunningTasks": 0.0}, FAILED),
        ({"DagBagSize": 0.0}, FAILED),
        ({}, OPEN),
        ({"Unknown": 0.0}, OPEN),
    ],
)
def test_mwaa_says_how_it_is(values: Mapping[str, float], expected: Judgement) -> None:
    evidence = seen(2, platform=PlatformMetrics(values=values))
    assert outcome(watched(ONE), evidence, SignalName.PLATFORM) is expected


def test_another_airflow_has_no_such_metrics() -> None:
    judged = looks(watched(ONE), [seen(2)])
    assert SignalName.PLATFORM not in {one.signal for one in judged.measurements}
    troubled = seen(2, troubles={SignalName.PLATFORM: "denied"})
    assert outcome(watched(ONE), troubled, SignalName.PLATFORM) is Judgement.ERROR

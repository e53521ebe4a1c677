"""Signs of life, and what MWAA says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.model.health import SignalName
from reconciler.model.reason import Reason
from reconciler.model.seen import Evidence, Heartbeats, MissedRun, PlatformMetrics
from reconciler.model.watch import Judgement
from tests.core.verification.sight import FLIP, MINUTE, ONE, looks, measured, outcome, run, seen, watched

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


def silent(since: float, *at: float, **other: Any) -> list[Evidence]:
    """Looks, some minutes after the flip; the scheduler gives no sign of life since some minutes after it."""
    return [
        seen(
            one,
            heartbeats=Heartbeats(scheduler=FLIP + since * MINUTE, dag_processor=FLIP + one * MINUTE),
            **other,
        )
        for one in at
    ]


@pytest.mark.parametrize(
    ("since", "blamed"), [(-60, False), (-0.5, True), (1, True), (15, True), (59, False)]
)
def test_only_what_dies_soon_after_a_flip_is_the_release_s_doing(since: float, blamed: bool) -> None:
    at = max(since, 0) + 5
    judged = looks(watched(ONE), silent(since, at, at + 1, at + 2))
    watch = judged.state.watch
    assert watch is not None
    assert watch.tallies[SignalName.SCHEDULER].outcome is FAILED
    assert (watch.failed_at is not None) is blamed
    assert watch.stable_at is None
    assert [news.reason for news in judged.news] == [
        Reason.HEALTH_CHECK_FAILED if blamed else Reason.HEALTH_WARNING
    ]


def test_a_release_waits_until_the_scheduler_is_back_and_is_not_blamed() -> None:
    state = watched(ONE)
    runs = (run(ONE, 2),)
    out = looks(state, [seen(1), *silent(20, 60, 61, 62, 80, runs=runs)]).state
    assert out.watch is not None
    assert (out.watch.failed_at, out.watch.stable_at) == (None, None)
    back = looks(out, [seen(81, runs=runs)]).state
    assert back.watch is not None
    assert back.watch.stable_at == FLIP + 81 * MINUTE


def test_while_the_scheduler_is_silent_a_missing_run_is_nobody_s_doing() -> None:
    late = (MissedRun(dag_id=ONE, due_at=FLIP + 61 * MINUTE, exists=False),)
    for evidence, blamed in ((silent(59, 70, 71, 72), False), ([seen(70), seen(71), seen(72)], True)):
        judged = looks(watched(ONE), [one.model_copy(update={"missed": late}) for one in evidence])
        assert judged.state.watch is not None
        assert (judged.state.watch.failed_at is not None) is blamed


def test_what_mwaa_replaces_cannot_be_judged() -> None:
    for since in (1, 59):
        busy = silent(since, 65, 66, 67, busy="MWAA environment prod is UPDATING")
        judged = looks(watched(ONE), busy)
        assert measured(judged, SignalName.SCHEDULER).outcome is Judgement.ERROR
        assert "UPDATING" in measured(judged, SignalName.SCHEDULER).message
        assert judged.state.watch is not None
        assert (judged.state.watch.failed_at, judged.state.watch.stable_at) == (None, None)
    assert outcome(watched(ONE), seen(65, busy="UPDATING"), SignalName.SCHEDULER) is GOOD


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

"""Runs that timetables promised: missing, stuck, excused."""

from __future__ import annotations

from typing import Any

from reconciler.core.verification import missed_runs
from reconciler.model.health import SignalName
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.seen import MissedRun
from reconciler.model.state import Accounting, EnvironmentState
from reconciler.model.watch import Judgement
from tests.builders import BY_ASSETS, EACH_MINUTE
from tests.core.verification.sight import FLIP, HOUR, MINUTE, ONE, TWO, dag, looks, outcome, seen, watched

HOURLY = EACH_MINUTE | {"timetable expression": '"0 * * * *"'}


def ran(hours: float, **other: Any) -> DagRun:
    at = FLIP + hours * HOUR
    known = {"state": "success", "started_at": at, "queued_at": at, "ended_at": at + MINUTE, "due_at": at}
    return DagRun(dag_id=ONE, run_id=f"r{hours}", run_type="scheduled", **(known | other))


def missing(
    *runs: DagRun, hours: float = 4.5, state: EnvironmentState | None = None, **other: Any
) -> list[tuple[float, bool]]:
    now = FLIP + hours * HOUR
    known: dict[str, AirflowDag] = {ONE: dag(ONE, now, **other)}
    found = missed_runs(state or watched(TWO), {ONE: HOURLY}, runs, known, now - 3 * HOUR, now)
    return [((one.due_at - FLIP) / HOUR, one.exists) for one in found]


def test_a_run_that_does_not_exist_is_missed() -> None:
    assert missing(ran(2), ran(3), ran(4)) == []
    assert missing(ran(2), ran(3)) == [(4, False)]
    assert missing(ran(2), ran(3), hours=4.04) == []


def test_a_gap_after_which_there_are_runs_again_is_past() -> None:
    assert missing(ran(2), ran(4)) == []


def test_a_run_that_stays_queued_is_missed_unless_the_dag_is_full() -> None:
    queued = ran(4, state="queued", started_at=None, ended_at=None)
    assert missing(ran(2), ran(3), queued) == [(4, True)]
    assert missing(ran(2), ran(3), queued, hours=4.1) == []
    running = ran(3, state="running", ended_at=None)
    assert missing(ran(2), running, queued) == []
    assert missing(ran(2), running, queued, at_once=2) == [(4, True)]


def test_a_run_that_is_left_out_since_one_is_in_flight_is_excused() -> None:
    assert missing(ran(2), ran(3, state="running", ended_at=None)) == []
    # What the clock's list says of a run, without when it ended, excuses nothing.
    bare = ran(3, queued_at=None, ended_at=None)
    assert missing(ran(2), bare) == [(4, False)]
    assert missing(ran(2), bare, ran(3, ended_at=FLIP + 4.2 * HOUR)) == []


def test_paused_dags_owe_no_run_and_those_that_assets_start_none_by_the_clock() -> None:
    assert missing(ran(2), ran(3), paused=True) == []
    now = FLIP + 4.5 * HOUR
    assert missed_runs(watched(TWO), {ONE: BY_ASSETS}, (), {ONE: dag(ONE, now)}, FLIP, now) == ()


def test_what_was_due_before_a_flip_or_shortly_after_it_is_left_to_the_account() -> None:
    assert missing(hours=0.5, state=watched(ONE)) == []
    assert missing(hours=1.5, state=watched(ONE)) == [(1, False)]
    state = watched(TWO)
    open_ = state.model_copy(update={"accounting": Accounting(since=FLIP + 3.5 * HOUR)})
    assert missing(ran(2), ran(3), state=open_) == []


def test_a_run_of_a_dag_that_it_did_not_change_is_its_doing_only_soon_after() -> None:
    for minutes, blamed in ((5, True), (60, False), (-5, False)):
        late = (MissedRun(dag_id=TWO, due_at=FLIP + minutes * MINUTE, exists=False),)
        state = looks(watched(ONE), [seen(90 + more, missed=late) for more in range(4)]).state
        assert state.watch is not None
        assert state.watch.tallies[SignalName.MISSED_RUNS].outcome is Judgement.FAILED
        assert (state.watch.failed_at is not None) is blamed


def test_one_missed_run_fails_the_signal() -> None:
    late = (MissedRun(dag_id=ONE, due_at=FLIP + HOUR, exists=False),)
    name = SignalName.MISSED_RUNS
    assert outcome(watched(ONE), seen(90, missed=late), name) is Judgement.FAILED
    assert outcome(watched(ONE), seen(90), name) is Judgement.SUCCEEDED
    assert outcome(watched(ONE), seen(300, missed=late), name) is Judgement.SUCCEEDED
    assert outcome(watched(ONE), seen(90, missed=None), name) is Judgement.ERROR

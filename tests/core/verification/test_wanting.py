"""A look asks for little: nothing that does not matter, and the warehouse only when something can be new."""

from __future__ import annotations

from reconciler.core.verification import record_is_due, tries_wanted, wanted
from reconciler.core.verification.wanting import BASELINE, RUNS_BASELINE
from reconciler.model.health import HealthSpec, SignalName, SignalSpec, Weight
from reconciler.model.observation import DagRun
from tests import builders
from tests.core.verification.sight import (
    FLIP,
    HOUR,
    MINUTE,
    ONE,
    THREE,
    TWO,
    history,
    looks,
    run,
    seen,
    spec,
    watched,
)

NOW = FLIP + HOUR


def test_runs_before_and_since_the_change_are_asked_for_of_changed_dags() -> None:
    asked = wanted(watched(ONE), spec(), NOW)
    assert (asked.dag_ids, asked.run_dags) == ((ONE, TWO, THREE), (ONE,))
    before, since = asked.runs
    assert (before.since, before.until, before.settled) == (FLIP - RUNS_BASELINE, FLIP, True)
    assert (since.since, since.until, since.settled) == (FLIP, NOW, False)
    assert asked.missed_since == NOW - 180 * MINUTE
    assert asked.record_dags == (ONE,)
    assert (asked.record_since, asked.record_settled) == (FLIP - MINUTE - BASELINE, FLIP)


def test_without_a_watch_or_changed_dags_there_is_little_to_ask() -> None:
    nothing = wanted(builders.state(), spec(), NOW)
    assert (nothing.dag_ids, nothing.runs, nothing.heartbeats, nothing.import_errors) == ((), (), False, True)
    same = wanted(watched(), spec(), NOW)
    assert (same.run_dags, same.runs, same.record_dags, same.record_since) == ((), (), (), None)


def test_what_is_off_is_not_asked_for() -> None:
    off = {
        name: SignalSpec(limit=1, severity=Weight.OFF)
        for name in SignalName
        if name is not SignalName.IMPORT_ERRORS
    }
    asked = wanted(watched(ONE), spec(signals=off), NOW)
    assert (asked.missed_since, asked.platform_since, asked.record_since) == (None, None, None)
    assert not asked.heartbeats
    assert asked.run_dags == (ONE,)  # the bake counts runs
    assert wanted(watched(ONE), HealthSpec(), NOW).record_since is None


def test_tries_matter_of_runs_since_the_change_first_and_only_where_there_are_some() -> None:
    runs = (*history(ONE, 20), *history(TWO, 20), run(ONE, 5))
    matter = tries_wanted(watched(ONE, TWO), spec(), runs)
    assert [one.run_id for one in matter[:1]] == ["run_5"]
    assert {one.dag_id for one in matter} == {ONE}
    assert len(matter) == 9
    assert tries_wanted(builders.state(), spec(), runs) == ()


def test_the_warehouse_is_asked_when_something_can_be_new() -> None:
    state = watched(ONE)
    running = DagRun(dag_id=ONE, run_id="r", state="running", run_type="x", started_at=FLIP)
    assert record_is_due(state, spec(), (), (), NOW)
    assert not record_is_due(state, HealthSpec(), (), (), NOW)
    assert not record_is_due(watched(), spec(), (), (), NOW)
    asked = looks(state, [seen(10)]).state
    at = FLIP + 10 * MINUTE
    assert not record_is_due(asked, spec(), (run(ONE, 2),), (), at + MINUTE)
    assert record_is_due(asked, spec(), (run(ONE, 9.5),), (), at + MINUTE)
    assert not record_is_due(asked, spec(), (run(TWO, 9.5),), (), at + MINUTE)
    assert not record_is_due(asked, spec(), (), (running,), at + MINUTE)
    assert record_is_due(asked, spec(), (), (running,), at + 5 * MINUTE)
    assert record_is_due(asked, spec(), (), (), at + HOUR)
    assert looks(asked, [seen(20, record=None)]).state.watch.recorded_at == at  # type: ignore[union-attr]

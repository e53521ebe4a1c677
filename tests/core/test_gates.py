"""Each gate by a table: what it is given, what it says, and whom it holds back."""

from __future__ import annotations

import pytest

from reconciler.core.drain import Drain
from reconciler.core.gates import ancestry, busy, in_flight, ownership
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision
from tests.builders import NOW


def run(dag_id: str, state: str = "running", run_type: str = "scheduled") -> DagRun:
    return DagRun(dag_id=dag_id, run_id=f"r-{dag_id}", state=state, run_type=run_type, started_at=None)


@pytest.mark.parametrize(
    ("applied", "descends", "decision"),
    [(None, False, Decision.GO), ("a" * 40, True, Decision.GO), ("a" * 40, False, Decision.STOP)],
)
def test_ancestry(applied: str | None, descends: bool, decision: Decision) -> None:
    verdict = ancestry(applied, "b" * 40, descends)
    assert verdict.decision is decision
    if decision is Decision.STOP:
        assert verdict.reason is Reason.REVISION_NOT_DESCENDANT
        assert "aaaaaaaaaa" in verdict.message
        assert "Nothing of it counts but what it holds besides." in verdict.message


@pytest.mark.parametrize(
    ("status", "decision"),
    [(None, Decision.GO), ("UPDATING", Decision.WAIT), ("MAINTENANCE", Decision.WAIT)],
)
def test_busy(status: str | None, decision: Decision) -> None:
    verdict = busy(status)
    assert verdict.decision is decision
    assert verdict.dag_ids == (), "a busy environment holds back everything"
    assert status is None or status in verdict.message


@pytest.mark.parametrize(
    ("overdue", "reason", "says"),
    [(False, Reason.IN_FLIGHT_RUNS, "told again"), (True, Reason.DRAIN_TIMED_OUT, "should have ended")],
)
def test_in_flight_names_the_runs_and_until_when(overdue: bool, reason: Reason, says: str) -> None:
    blocking = (run("one"), run("two", "queued", "backfill"))
    verdict = in_flight(
        Drain(blocking=blocking, until=NOW, overdue=overdue), {"one"}, {"one": 90, "two": 45 * 60}
    )
    assert (verdict.decision, verdict.reason, verdict.dag_ids) == (Decision.WAIT, reason, ("one", "two"))
    assert "one (r-one)" in verdict.message
    assert says in verdict.message
    assert f"{NOW:%H:%M:%S}" in verdict.message
    assert "one is paused" in verdict.message
    assert verdict.evidence == (
        "one: scheduled run r-one is running; usually takes 90 s",
        "two: backfill run r-two is queued; usually takes 45 min",
    )


def test_in_flight_goes_where_no_run_is_in_the_way() -> None:
    assert in_flight(Drain(until=NOW), (), {}).decision is Decision.GO


def test_ownership() -> None:
    assert ownership(()).decision is Decision.GO
    verdict = ownership([f"{number}.py" for number in range(9)])
    assert verdict.decision is Decision.STOP
    assert "0.py" in verdict.message
    assert "4 more" in verdict.message

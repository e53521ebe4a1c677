"""Each gate by a table: what it is given, what it says, and whom it holds back."""

from __future__ import annotations

import pytest

from reconciler.core.gates import ancestry, busy, in_flight, ownership
from reconciler.model.observation import DagRun
from reconciler.model.plan import Action, Change, Decision
from reconciler.model.reason import Reason

NEW, OLD = "b" * 16, "a" * 16


def change(dag_id: str, action: Action = Action.UPDATE) -> Change:
    return Change(dag_id=dag_id, action=action, from_release=OLD, to_release=NEW)


def run(dag_id: str, state: str = "running", run_type: str = "scheduled") -> DagRun:
    return DagRun(dag_id=dag_id, run_id=f"r-{dag_id}", state=state, run_type=run_type, started_at=None)


def test_a_paused_dag_in_flight_is_named() -> None:
    verdict = in_flight([change("one")], [run("one")], {"one"})
    assert verdict.decision is Decision.WAIT
    assert "one is paused" in verdict.message


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
    ("actions", "runs", "held"),
    [
        ({}, ["other"], ()),
        ({"one": Action.UPDATE}, [], ()),
        ({"one": Action.UPDATE}, ["other"], ()),
        ({"one": Action.UPDATE, "two": Action.UPDATE}, ["two"], ("two",)),
        ({"one": Action.REMOVE}, ["one"], ("one",)),
        ({"one": Action.ADD}, ["one"], ()),
        ({"one": Action.HEAL}, ["one"], ()),
    ],
)
def test_in_flight(actions: dict[str, Action], runs: list[str], held: tuple[str, ...]) -> None:
    changes = [change(dag_id, action) for dag_id, action in actions.items()]
    verdict = in_flight(changes, list(map(run, runs)), ())
    assert verdict.dag_ids == held
    assert (verdict.decision is Decision.WAIT) == bool(held)


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("run_type", ["scheduled", "manual", "backfill", "asset_triggered"])
def test_every_kind_of_run_counts(state: str, run_type: str) -> None:
    verdict = in_flight([change("one")], [run("one", state, run_type)], ())
    assert verdict.dag_ids == ("one",)
    assert any(run_type in line and state in line for line in verdict.evidence)


def test_ownership() -> None:
    assert ownership(()).decision is Decision.GO
    verdict = ownership([f"{number}.py" for number in range(9)])
    assert verdict.decision is Decision.STOP
    assert "0.py" in verdict.message
    assert "4 more" in verdict.message

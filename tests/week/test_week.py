"""In a week of 20 releases at any hour, no run that was due is missed, and none is there twice."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.model.reason import Reason
from tests.week.scheduler import Scheduler
from tests.week.week import RELEASES, ROLLBACKS, accounted, simulate


@pytest.mark.parametrize("seed", [20, 3])
def test_no_run_is_missed(seed: int) -> None:
    week = simulate(seed)
    assert week.promised > 700
    assert (week.missing, week.twice) == ([], [])
    assert week.dropped >= 1
    assert week.unused == []
    assert len(week.trace) >= RELEASES - ROLLBACKS
    told = accounted(week)
    assert told[Reason.RUNS_ACCOUNTED] >= 1
    assert told[Reason.RUN_MISSED] == 0
    assert any("Of 2 DAGs that assets start, no run is owed." in event.message for event in week.events)


def test_a_run_that_airflow_forgot_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = Scheduler._start, list[str]()

    def forgetful(self: Scheduler, dag_id: str, due: datetime, now: datetime, kind: str) -> None:
        started.append(dag_id)
        if len(started) != 100:
            start(self, dag_id, due, now, kind)

    monkeypatch.setattr(Scheduler, "_start", forgetful)
    assert len(simulate(seed=20).missing) == 1


def test_an_asset_event_that_nobody_made_up_for_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scheduler, "create_run", lambda self, dag_id, run_id: None)
    told = accounted(simulate(seed=20))
    assert told[Reason.RUN_MISSED] >= 1

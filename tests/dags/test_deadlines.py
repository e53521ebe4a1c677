"""Promises that were not kept are found once, and no others."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lib.alerts.deadlines import HAND_WRITTEN, Deadline, declared
from lib.alerts.watching import missed, overdue

from tests.dags.conftest import ROOT

TICK = datetime(2026, 11, 16, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHTLY = Deadline("nightly", "ana", "0 3 * * *", timedelta(minutes=90))
ON_ASSETS = Deadline("mart", "ana", None, HOUR, severity="warn")
Run = tuple[str, datetime | None, str, dict[str, str]]


@dataclass
class Airflow:
    """What Airflow answers a task: runs by DAG, moment, state, and the states of their tasks."""

    runs: list[Run] = field(default_factory=list)

    def get_dr_count(
        self, dag_id: str, logical_dates: Any = None, run_ids: Any = None, states: Any = None
    ) -> int:
        return sum(
            run[0] == dag_id
            and (logical_dates is None or run[1] in logical_dates)
            and (states is None or run[2] in states)
            for run in self.runs
        )

    def get_task_states(
        self, dag_id: str, map_index: Any = None, task_ids: Any = None, task_group_id: Any = None,
        logical_dates: Any = None, run_ids: Any = None,
    ) -> dict[str, Any]:  # fmt: skip
        return {
            str(number): {name: state for name, state in run[3].items() if name in task_ids}
            for number, run in enumerate(self.runs)
            if run[0] == dag_id and run[1] in logical_dates
        }


def told(airflow: Airflow, now: datetime, *deadlines: Deadline) -> list[str]:
    return [event.message for event in missed(deadlines or [NIGHTLY], airflow, now)]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (TICK + timedelta(minutes=89), []),
        (TICK + timedelta(minutes=90), [TICK]),
        (TICK + timedelta(minutes=149), [TICK]),
        (TICK + timedelta(minutes=150), []),
    ],
)
def test_a_deadline_is_looked_at_for_an_hour(now: datetime, due: list[datetime]) -> None:
    assert NIGHTLY.due(now, HOUR) == due


def test_an_hourly_deadline_has_one_tick_an_hour() -> None:
    hourly = Deadline("hourly", "ana", "5 * * * *", timedelta(minutes=40))
    for minute in range(60):
        assert len(hourly.due(TICK + timedelta(minutes=minute), HOUR)) == 1


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("success", []),
        ("running", ["the run has not succeeded, 90 minutes after it was due at 2026-11-16 03:00"]),
        ("failed", ["the run has not succeeded, 90 minutes after it was due at 2026-11-16 03:00"]),
        (None, ["no run was begun, 90 minutes after it was due at 2026-11-16 03:00"]),
    ],
)
def test_a_scheduled_run(state: str | None, expected: list[str]) -> None:
    runs: list[Run] = [("nightly", TICK - timedelta(days=1), "success", {})]
    if state:
        runs.append(("nightly", TICK, state, {}))
    assert told(Airflow(runs), TICK + timedelta(minutes=92)) == expected


def test_the_same_promise_is_the_same_event_and_carries_whom_to_tell() -> None:
    airflow = Airflow([("nightly", TICK, "running", {})])
    (one,), (other,) = (
        list(missed([NIGHTLY], airflow, TICK + timedelta(minutes=minutes))) for minutes in (91, 96)
    )
    assert one.id == other.id
    assert (one.kind, one.owner, one.run_id) == (
        "deadline_missed",
        "ana",
        "scheduled__2026-11-16T03:00:00+00:00",
    )


@pytest.mark.parametrize("days", [None, 1, -1, -11])
def test_a_dag_that_was_not_here_before_owes_no_run(days: int | None) -> None:
    runs: list[Run] = [] if days is None else [("nightly", TICK + timedelta(days=days), "success", {})]
    assert len(told(Airflow(runs), TICK + timedelta(minutes=92))) == (days == -1)


@pytest.mark.parametrize(("state", "expected"), [("success", 0), ("running", 1), ("failed", 1)])
def test_a_task_has_a_deadline_of_its_own(state: str, expected: int) -> None:
    deadline = Deadline("nightly", "ana", "0 3 * * *", timedelta(minutes=60), "extract")
    airflow = Airflow([("nightly", TICK, "running", {"extract": state, "load": "running"})])
    found = told(airflow, TICK + timedelta(minutes=61), deadline)
    assert len(found) == expected
    assert all("extract has not succeeded, 60 minutes" in one for one in found)


def test_runs_that_assets_begin_are_remembered_until_they_end() -> None:
    airflow, memory, now = Airflow([("mart", None, "success", {})]), dict[str, Any](), TICK
    for _ in range(3):
        events, memory = overdue([ON_ASSETS, NIGHTLY], airflow, memory, now)
        assert (events, memory) == ([], {})
    airflow.runs.append(("mart", None, "running", {}))
    found = []
    for _ in range(15):
        events, memory = overdue([ON_ASSETS], airflow, memory, now)
        found += events
        now += timedelta(minutes=5)
    assert len({event.id for event in found}) == 1
    assert {event.severity for event in found} == {"warn"}
    assert found[0].occurred_at == TICK + HOUR
    # It ends, and the next is begun before anybody looks.
    airflow.runs[-1:] = [("mart", None, "success", {}), ("mart", None, "running", {})]
    events, memory = overdue([ON_ASSETS], airflow, memory, now)
    assert events == []
    assert memory == {"mart": {"since": now.isoformat(), "ended": 2}}


def test_every_pipeline_promises_something() -> None:
    found = declared(ROOT / "dags" / "config")
    configured = {path.stem for path in (ROOT / "dags" / "config").glob("*.yml")}
    assert {one.dag_id for one in found} == configured | {one.dag_id for one in HAND_WRITTEN}
    assert len({(one.dag_id, one.task_id) for one in found}) == len(found)
    (settlement,) = (one for one in found if one.dag_id == "ingest_s3_card_settlement")
    assert settlement == Deadline(
        "ingest_s3_card_settlement", "payments-data", "0 3 * * *", timedelta(minutes=150)
    )


def test_a_configuration_that_is_not_valid_does_not_blind_the_monitor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = (ROOT / "dags" / "config" / "ingest_pg_loans.yml").read_text()
    (tmp_path / "good.yml").write_text(good)
    (tmp_path / "bad.yml").write_text(good.replace("sla_minutes", "sla"))
    with caplog.at_level(logging.WARNING):
        assert next(iter(declared(tmp_path))).dag_id == "good"
    assert "nothing is watched of bad" in caplog.text

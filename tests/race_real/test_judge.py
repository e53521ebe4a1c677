"""Every fault that a race may find is found when it is planted, and a good race passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.pointer_file import render
from reconciler.model.event import Event
from reconciler.model.plan import DagPointer, HistoryEntry
from reconciler.model.reason import Reason, Severity
from tests.race_real.airflow import Run
from tests.race_real.evidence import Evidence, Late, Written
from tests.race_real.judge import judge
from tests.race_real.people import Done
from tests.race_real.plan import MINUTE, Course, Deployment
from tests.race_real.records import Record

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
OLD, NEW = "0" * 16, "1" * 16
COURSE = Course(1)
FIRST = COURSE.first()
SECOND = COURSE.body(FIRST, "alpha")
MARKS = {OLD: FIRST.name, NEW: SECOND.name}


def test_a_good_race_passes() -> None:
    assert judge(good()) == []


def test_a_run_that_began_anew_counts_from_there_on() -> None:
    early = [record("a", task, NEW, at=-50, number=1) for task in ("t0", "t1")]
    late = [record("a", task, OLD, at=place, number=2) for place, task in enumerate(("t0", "t1", "t2"))]
    evidence = replace(good(), records=[*early, *late], events=[restarted("a", at=-20)])
    assert judge(evidence) == []
    assert judge(replace(evidence, events=[]))


def test_a_task_that_was_dropped_before_its_run_began_is_no_harm() -> None:
    tasks = {"t0": "success", "t1": "success", "t2": "success"}
    evidence = replace(good(), tasks={**good().tasks, ("alpha", "a"): {**tasks, "t9": "removed"}})
    assert judge(evidence) == []


def test_a_container_that_was_later_than_promised_proves_nothing() -> None:
    evidence = torn_in_two(good())
    assert judge(evidence)
    late = Late("worker-dags", "alpha", NOON - 20, NOON + 20)
    assert judge(replace(evidence, late=[late])) == []


def torn_in_two(evidence: Evidence) -> Evidence:
    """The last task of a run uses another release."""
    *before, last = evidence.records
    return replace(evidence, records=[*before, record("a", last.task_id, NEW, at=2)])


def another_library(evidence: Evidence) -> Evidence:
    """A task imports a library of another release."""
    *before, last = evidence.records
    return replace(evidence, records=[*before, replace(last, late=SECOND.name)])


def dropped_task(evidence: Evidence) -> Evidence:
    """A task of a run in flight never runs: its graph changed."""
    tasks = {"t0": "success", "t1": "success", "t2": "removed"}
    return replace(evidence, records=evidence.records[:2], tasks={**evidence.tasks, ("alpha", "a"): tasks})


def dropped_task_that_ran(evidence: Evidence) -> Evidence:
    """A task that ran is not of its run's graph any more."""
    tasks = {"t0": "success", "t1": "success", "t2": "removed"}
    return replace(evidence, tasks={**evidence.tasks, ("alpha", "a"): tasks})


def failed(evidence: Evidence) -> Evidence:
    """A run fails."""
    return replace(evidence, runs=[replace(evidence.runs[0], state="failed"), *evidence.runs[1:]])


def never_there(evidence: Evidence) -> Evidence:
    """A run that was started does not exist."""
    return replace(evidence, started=[*evidence.started, ("beta", "b")])


def missed_minute(evidence: Evidence) -> Evidence:
    """The second of three scheduled runs was not made."""
    return replace(evidence, runs=[run for run in evidence.runs if run.run_id != "m1"])


def minute_twice(evidence: Evidence) -> Evidence:
    """The second of three scheduled runs was also made by us."""
    second = next(run for run in evidence.runs if run.run_id == "m1")
    ours = replace(second, run_id="backfill__m1", kind="backfill")
    tasks = {**evidence.tasks, (ours.dag_id, ours.run_id): evidence.tasks[second.dag_id, second.run_id]}
    return replace(evidence, runs=[*evidence.runs, ours], tasks=tasks)


def left_paused(evidence: Evidence) -> Evidence:
    """Nobody un-paused a DAG."""
    return replace(evidence, paused=["alpha"])


def flipped_twice(evidence: Evidence) -> Evidence:
    """The same flip again, due a little later."""
    again = pointer(12, (NEW, 3), (OLD, -100))
    return replace(evidence, pointers={"alpha": [*evidence.pointers["alpha"], again]})


def written_twice(evidence: Evidence) -> Evidence:
    """The same bytes again."""
    *before, last = evidence.pointers["alpha"]
    return replace(evidence, pointers={"alpha": [*before, last, replace(last, at=last.at + 9)]})


def ran_what_was_left(evidence: Evidence) -> Evidence:
    """A task begins on what a rollback had left."""
    forward = Deployment(1, "body", SECOND, FIRST, waits=True)
    back = Deployment(2, "revert", FIRST, SECOND, waits=True)
    first = Done(Deployment(0, "first", FIRST, None, waits=True), "c0", NOON - 500, NOON - 490)
    done = [first, Done(forward, "c1", NOON - 400, NOON - 390), Done(back, "c2", NOON - 300, NOON - 290)]
    records = [record("a", task, NEW, at=place) for place, task in enumerate(("t0", "t1", "t2"))]
    begins = [replace(one, moment="begin", late="") for one in records]
    succeeded = event(Reason.RECONCILIATION_SUCCEEDED, -480, revision="c0")
    return replace(evidence, records=[*begins, *records], done=done, events=[succeeded])


def drifted(evidence: Evidence) -> Evidence:
    """People are told of an edit that nobody made."""
    return replace(evidence, events=[event(Reason.DRIFT_DETECTED, 100)])


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (torn_in_two, "tasks of two releases"),
        (another_library, "but its release has"),
        (dropped_task, "was disturbed"),
        (dropped_task_that_ran, "was disturbed"),
        (failed, "is failed"),
        (never_there, "is not there"),
        (missed_minute, "no run between"),
        (minute_twice, "two runs for"),
        (left_paused, "is left paused"),
        (flipped_twice, "flipped twice"),
        (written_twice, "flipped twice"),
        (ran_what_was_left, "rolled back at"),
        (drifted, "DriftDetected"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_found(plant: Callable[[Evidence], Evidence], says: str) -> None:
    found = judge(plant(good()))
    assert any(says in line for line in found), found


def good() -> Evidence:
    """One run of a DAG on its first release, beside a flip to the next, and three runs of the clock."""
    chain = ("t0", "t1", "t2")
    minutes = [Run(MINUTE, f"m{place}", "success", "scheduled", NOON + 60 * place) for place in range(3)]
    runs = [Run("alpha", "a", "success", "manual", NOON), *minutes]
    return Evidence(
        course=COURSE,
        records=[record("a", task, OLD, at=place) for place, task in enumerate(chain)],
        runs=runs,
        tasks={(run.dag_id, run.run_id): dict.fromkeys(chain, "success") for run in runs},
        started=[("alpha", "a")],
        paused=[],
        pointers={"alpha": [pointer(-100, (OLD, -100)), pointer(1, (NEW, 2), (OLD, -100))]},
        events=[],
        done=[],
        kills=[],
        late=[],
        releases={name: release for release, name in MARKS.items()},
    )


def record(run_id: str, task: str, release: str, *, at: float, number: int = 1) -> Record:
    """The end of a task."""
    mark = MARKS[release]
    return Record("end", NOON + at, "alpha", run_id, task, number, NOON, mark, mark, mark, release)


def pointer(at: float, *history: tuple[str, float]) -> Written:
    """alpha's pointer, written at a second after noon; releases and since when they are due."""
    entries: Sequence[HistoryEntry] = [
        HistoryEntry(release=release, archive_sha256="0" * 64, file="dags/alpha.py", since=_time(since))
        for release, since in history
    ]
    return Written(NOON + at, render(DagPointer(dag_id="alpha", history=tuple(entries)), ""))


def restarted(run_id: str, at: float) -> Event:
    """What people are told of a run that begins anew."""
    return event(Reason.RUNS_RESTARTED, at, evidence=(f"alpha: {run_id}",))


def event(reason: Reason, at: float, *, evidence: tuple[str, ...] = (), revision: str = "c") -> Event:
    """An event."""
    return Event(
        environment="dev",
        sequence=1,
        at=_time(at),
        reason=reason,
        severity=Severity.INFO,
        message="",
        evidence=evidence,
        revision=revision,
        previous_hash="",
        hash="",
    )


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(NOON, UTC) + timedelta(seconds=at)

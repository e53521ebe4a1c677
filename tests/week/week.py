"""A week of FinEdge: 25 DAGs, 20 releases at any hour, some rolled back, and the clock never stops."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from reconciler.adapters.memory.airflow import Follow
from reconciler.core.timetable import timetable
from reconciler.model.event import Event
from reconciler.model.reason import Reason
from tests.engine.scene import ENVIRONMENT_YAML, Scene
from tests.week.finedge import SCHEDULES, STARTED_BY, calendars
from tests.week.scheduler import PassingClock, Scheduler

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, RELEASES, ROLLBACKS = 7, 20, 4
# MWAA: containers copy every 30 s, files are parsed every 30 s.
MWAA = ENVIRONMENT_YAML.replace(b"syncSeconds: 5", b"syncSeconds: 35").replace(
    b"parseSeconds: 20", b"parseSeconds: 330"
)


@dataclass
class Week:
    """What happened. ``trace`` has a line for each commit: when, what, and seconds until it was live.

    ``dropped`` asset events came while their DAG was paused; ``unused`` are those that no run has used.
    """

    promised: int = 0
    missing: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    dropped: int = 0
    unused: list[str] = field(default_factory=list)
    made_up: int = 0
    latest_seconds: float = 0.0
    trace: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def simulate(seed: int) -> Week:
    """One week; the same for the same seed."""
    random, week = Random(seed), Week()
    clock = PassingClock(MONDAY - timedelta(hours=1))
    scene = Scene(clock=clock, environment=MWAA, calendars=calendars())
    airflow = scene.airflow = _scheduler(scene, random)
    clock.steps.append(airflow.step)
    bodies = {dag_id: "load: 0" for dag_id in SCHEDULES}
    scene.deploy("1.0.0", bodies)
    clock.advance(3600)
    end = MONDAY + timedelta(days=DAYS)
    minutes = DAYS * 24 * 60 - 600
    moments = sorted(MONDAY + timedelta(minutes=random.uniform(30, minutes)) for _ in range(RELEASES))
    reverts = set(random.sample(range(1, RELEASES), ROLLBACKS))
    version, number = "1.0.0", 0
    pushed: datetime | None = None
    while clock.now() < end:
        if number < RELEASES and clock.now() >= moments[number] and pushed is None:
            number += 1
            before, version = version, f"1.{number}.0"
            _change(bodies, random, number)
            scene.publish(version, bodies)
            scene.push(version)
            pushed = clock.now()
            if number in reverts:
                clock.advance(random.uniform(30, 900))
                scene.tick()
                scene.push(before, f"Revert {version}")
                version, pushed = before, clock.now()
        scene.tick()
        applied = scene.state.applied
        if pushed is not None and applied is not None and applied.revision == scene.repo.tip():
            live = (clock.now() - pushed).total_seconds()
            week.trace.append(f"{pushed:%a %H:%M:%S} {version} live after {live:.0f} s")
            pushed = None
        clock.advance(60)
    clock.advance(3600)
    scene.tick()
    _count(week, airflow, end)
    week.events = scene.events
    return week


def _scheduler(scene: Scene, random: Random) -> Scheduler:
    minutes = {dag_id: minutes for dag_id, (_, minutes) in SCHEDULES.items()}
    return Scheduler(Follow(scene.folder, scene.clock), calendars(), minutes, STARTED_BY, random)


def _change(bodies: dict[str, str], random: Random, number: int) -> None:
    """A release changes some DAGs: most keep their graph."""
    for dag_id in random.sample(sorted(bodies), random.randint(1, 6)):
        graph, _, _ = bodies[dag_id].partition(":")
        bodies[dag_id] = f"{graph if random.random() < 0.6 else f'graph{number}'}: {number}"


def _count(week: Week, airflow: Scheduler, end: datetime) -> None:
    there = Counter((run.dag_id, run.due_at) for run in airflow.history)
    for dag_id, calendar in calendars().items():
        table = timetable(calendar)
        due = list(table.due(MONDAY, end)) if table is not None else []
        week.promised += len(due)
        week.missing += [f"{dag_id} {at:%a %H:%M}" for at in due if not there[dag_id, at]]
    week.twice = [f"{dag_id} {at:%a %H:%M}" for (dag_id, at), count in there.items() if count > 1 and at]
    week.dropped = airflow.dropped
    week.unused = [f"{dag_id} {at:%a %H:%M}" for dag_id, events in airflow.unused.items() for at in events]
    week.made_up = sum(run.run_type == "backfill" for run in airflow.history)
    late = [
        (run.started_at - run.due_at).total_seconds()
        for run in airflow.history
        if run.started_at is not None and run.due_at is not None
    ]
    week.latest_seconds = max(late, default=0.0)


def accounted(week: Week) -> Counter[Reason]:
    """How often it was told that all runs exist, and that one does not."""
    return Counter(
        event.reason for event in week.events if event.reason in {Reason.RUNS_ACCOUNTED, Reason.RUN_MISSED}
    )

"""Deployments race runs: whatever comes when, no run is torn, lost, or left behind.

Each race is about a hundred deployments in more than a day of simulated time. Say the seed that a failure
names to ``Race`` to see the same again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from reconciler.engine.world import Outcome
from tests.race.events import in_seconds
from tests.race.race import Race
from tests.race.sabotage import AIRFLOWS, PausedByNobody, due_at_once

SEEDS = (1, 2, 3, 4, 5, 8, 14, 16, 153)

DEPLOYMENTS = 100
ENOUGH = 50
"""Deployments in which a missing safeguard has to show."""


SLOW = {PausedByNobody}
"""What is missing shows only after many deployments."""
MISSING = [
    pytest.param(missing, says, id=missing.__name__, marks=[pytest.mark.long] if missing in SLOW else [])
    for missing, says in AIRFLOWS
]


@cache
def raced(seed: int) -> tuple[Race, tuple[str, ...]]:
    """A race to its end, and all that went wrong in it."""
    race = Race(seed)
    return race, tuple(race.run(DEPLOYMENTS))


def found(wrong: list[str] | tuple[str, ...], race: Race) -> str:
    """For people: how much went wrong, and the first of it."""
    return f"seed {race.seed}: {len(wrong)} went wrong, first of all: " + "\n".join(wrong[:5])


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_goes_wrong(seed: int) -> None:
    race, wrong = raced(seed)
    assert not wrong, found(wrong, race)


def test_the_races_are_hard() -> None:
    """Else nothing going wrong would say nothing."""
    races = [raced(seed)[0] for seed in SEEDS]
    deployments = [one for race in races for one in race.people.deployments]
    runs = [run for race in races for run in race.platform.runs]
    flipped = [run for run in runs if len({(record.life, record.fingerprint) for record in run.records}) > 1]
    pauses = [seconds for race in races for _, _, seconds in race.airflow.pauses]
    assert len(deployments) + sum(len(race.people.edits) for race in races) >= 500
    assert {one.kind for one in deployments} >= {"body", "structure", "several", "double", "revert", "add"}
    assert {one.kind for one in deployments} >= {"remove", "broken", "repair"}
    assert sum(len(race.people.edits) for race in races) >= 5
    assert sum(race.simulation.now for race in races) > 100 * 3600
    assert len(runs) > 3000
    assert len(pauses) > 100
    assert sum(run.life > 0 for run in runs) >= 5, "runs that began anew"
    assert sum(run.run_id.startswith("reconciler__") for run in runs) >= 5, "runs that were owed"
    assert sum(race.outcomes.get(Outcome.IDLE, 0) for race in races) > 1000
    assert flipped, "no run ever saw two releases, not even one that began anew"
    assert _ran_through_a_flip(races) > 50


def _ran_through_a_flip(races: list[Race]) -> int:
    """Runs that had tasks before and after a new pointer of their DAG."""
    return sum(
        any(run.records[0].at < at < run.records[-1].at for at, _ in race.folder.versions(f"{run.dag_id}.py"))
        for race in races
        for run in race.platform.runs
        if run.records
    )


def test_a_seed_gives_the_same_race_again() -> None:
    first, second = Race(7), Race(7)
    assert first.run(25) == second.run(25)
    assert _course(first) == _course(second)


def _course(race: Race) -> list[object]:
    """All that tasks and events say, with their times."""
    records = sorted(
        (run.dag_id, run.run_id, record.at, record.task, record.release)
        for run in race.platform.runs
        for record in run.records
    )
    told = [(in_seconds(event.at), event.message) for event in race.store.events("dev", 0, 100_000)]
    return [*records, *told]


@pytest.mark.parametrize(("missing", "says"), MISSING)
def test_a_missing_safeguard_is_found(missing: Callable[..., Any], says: str) -> None:
    """One race need not meet the moment in which it is missing; three do."""
    races = (Race(seed, airflow=missing, mischief=0.6) for seed in (1, 2, 3))
    assert any(says in line for race in races for line in race.run(ENOUGH, patience=900))


@pytest.mark.long
def test_a_release_that_is_due_at_once_is_found() -> None:
    races = (Race(seed, target=due_at_once, mischief=0.6) for seed in (1, 2, 3))
    assert any("tasks of two releases" in line for race in races for line in race.run(ENOUGH, patience=900))

"""What Airflow says of its DAGs and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.demo.checks.check import Judgement, listing
from local.demo.outside import Dag, Outside


@dataclass(frozen=True)
class Run:
    """A run that was started."""

    dag_id: str
    run_id: str


@dataclass(frozen=True)
class Said:
    """What a task of a run has to return, at least."""

    run: Run
    task_id: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Throughout:
    """What every task of a run has to return, at least: the same code from its first task to its last."""

    run: Run
    tasks: tuple[str, ...]
    values: Mapping[str, str]


@dataclass(frozen=True)
class Switched:
    """A DAG, and how often it had been paused or un-paused before."""

    dag_id: str
    before: int


@dataclass(frozen=True)
class EachMinute:
    """A DAG that is due each minute, and the first and last minute (UTC) for which there has to be a run."""

    dag_id: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Again:
    """Runs of which a task was tried again, and what it has to return then, at least."""

    runs: tuple[Run, ...]
    task_id: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Well:
    """DAG id -> release, and a new run that has to execute the code of it."""

    releases: Mapping[str, str]
    run: Said


@dataclass(frozen=True)
class There:
    """What another environment's Airflow has to run: DAG id -> release."""

    environment: str
    releases: Mapping[str, str]


def runs_releases(outside: Outside, expected: Mapping[str, str]) -> Judgement:
    """Exactly these DAGs are active, each tagged with its release and no other. Measures how many are right.

    `expected`: DAG id -> release.
    """
    return _exactly(outside.dags(), expected)


def runs_there(outside: Outside, expected: There) -> Judgement:
    """As `runs_releases`, in another environment."""
    return _exactly(outside.dags(expected.environment), expected.releases)


def _exactly(dags: Mapping[str, Dag], expected: Mapping[str, str]) -> Judgement:
    active = {dag_id: dag for dag_id, dag in dags.items() if dag.active}
    right = [
        dag_id for dag_id in expected if dag_id in active and active[dag_id].releases == (expected[dag_id],)
    ]
    wrong = (expected.keys() | active.keys()) - set(right)
    return Judgement(not wrong, len(right), f"not as expected in Airflow: {listing(wrong)}")


def imports_everything(outside: Outside, expected: int) -> Judgement:
    """Airflow reports as many import errors as expected. Measures them."""
    errors = outside.import_errors()
    return Judgement(len(errors) == expected, len(errors), f"import errors: {listing(list(errors))}")


def succeeded(outside: Outside, run: Run) -> Judgement:
    """The run ended well."""
    state = outside.run_state(run.dag_id, run.run_id)
    return Judgement(state == "success", why=f"{run.dag_id} {run.run_id} is {state or 'unknown'}")


def failed(outside: Outside, expected: tuple[Run, ...]) -> Judgement:
    """Each of these runs failed. Counts them."""
    states = {run.run_id: outside.run_state(run.dag_id, run.run_id) for run in expected}
    other = [f"{run_id} is {state or 'unknown'}" for run_id, state in states.items() if state != "failed"]
    return Judgement(bool(states) and not other, len(states) - len(other), listing(other) or "no runs")


def ran_again(outside: Outside, expected: Again) -> Judgement:
    """Each run ended well after its task was tried again, with these values. Counts the runs."""
    wrong = list[str]()
    for run in expected.runs:
        judgement = executed(outside, Said(run, expected.task_id, expected.values))
        tries = outside.tries(run.dag_id, run.run_id, expected.task_id)
        if not judgement.held or tries < 2:
            wrong.append(judgement.why if not judgement.held else f"{run.run_id} was tried {tries} times")
    right = len(expected.runs) - len(wrong)
    return Judgement(bool(expected.runs) and not wrong, right, listing(wrong) or "no runs")


def well(outside: Outside, expected: Well) -> Judgement:
    """Every DAG is on its release, every file imports, and the new run executed that release's code."""
    judgements = (
        runs_releases(outside, expected.releases),
        imports_everything(outside, 0),
        executed(outside, expected.run),
    )
    wrong = [judgement.why for judgement in judgements if not judgement.held]
    return Judgement(not wrong, why="; ".join(wrong))


def running(outside: Outside, run: Run) -> Judgement:
    """The run has begun and not ended."""
    state = outside.run_state(run.dag_id, run.run_id)
    return Judgement(state == "running", int(state == "running"), f"{run.run_id} is {state or 'unknown'}")


def executed(outside: Outside, expected: Said) -> Judgement:
    """The run ended well and its task returned these values: what was deployed is what ran."""
    ended = succeeded(outside, expected.run)
    if not ended.held:
        return ended
    said = outside.said(expected.run.dag_id, expected.run.run_id, expected.task_id)
    wrong = [
        f"{key} is {said.get(key)!r}" for key, value in expected.values.items() if said.get(key) != value
    ]
    return Judgement(not wrong, why=f"what the task returned: {', '.join(wrong)}")


def executed_throughout(outside: Outside, expected: Throughout) -> Judgement:
    """The run ended well and each of its tasks returned these values. Counts the tasks that did."""
    run = expected.run
    ended = succeeded(outside, run)
    if not ended.held:
        return ended
    said = {task_id: outside.said(run.dag_id, run.run_id, task_id) for task_id in expected.tasks}
    wrong = [
        f"{task_id} says {dict(found)}"
        for task_id, found in said.items()
        if any(found.get(key) != value for key, value in expected.values.items())
    ]
    return Judgement(not wrong, len(said) - len(wrong), f"not the code that was expected: {', '.join(wrong)}")


def never_switched(outside: Outside, expected: Switched) -> Judgement:
    """Nobody paused or un-paused the DAG since. Counts how often somebody did."""
    count = len(outside.switched(expected.dag_id)) - expected.before
    return Judgement(count == 0, count, f"{expected.dag_id} was paused or un-paused {count} times")


def paused_for_the_flip(outside: Outside, expected: Switched) -> Judgement:
    """The DAG was paused and un-paused again since, once, and is not paused. Measures for how long it was."""
    moments = outside.switched(expected.dag_id)[expected.before :]
    paused = outside.dags()[expected.dag_id].paused
    seconds = (moments[-1] - moments[0]).total_seconds() if moments else 0
    why = f"{expected.dag_id} is {'' if paused else 'not '}paused, after {len(moments)} changes of that"
    return Judgement(len(moments) == 2 and not paused, round(seconds, 1), why)


def paused_as(outside: Outside, expected: Mapping[str, bool]) -> Judgement:
    """Each DAG is paused, or not, as it was. Counts those that are as they were."""
    dags = outside.dags()
    wrong = [key for key, paused in expected.items() if key not in dags or dags[key].paused != paused]
    right = len(expected) - len(wrong)
    return Judgement(right > 0 and not wrong, right, f"not paused as before, or gone: {listing(wrong)}")


def ran_each_minute(outside: Outside, expected: EachMinute) -> Judgement:
    """Each minute has its scheduled run, late or not, and none of them failed. Counts the runs."""
    found = {run.due: run.state for run in outside.runs(expected.dag_id) if run.kind == "scheduled"}
    minutes = _minutes(expected.first, expected.last)
    wrong = [
        f"{minute:%H:%M} {found.get(minute, 'has no run')}"
        for minute in minutes
        if found.get(minute, "failed") == "failed"
    ]
    return Judgement(
        bool(minutes) and not wrong, len(minutes) - len(wrong), f"of {len(minutes)}: {listing(wrong)}"
    )


def _minutes(first: datetime, last: datetime) -> list[datetime]:
    return [
        first + timedelta(minutes=number) for number in range(int((last - first).total_seconds() // 60) + 1)
    ]

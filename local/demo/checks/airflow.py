"""What Airflow says of its DAGs and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.demo.checks.check import Judgement, listing
from local.demo.outside import Outside


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


def runs_releases(outside: Outside, expected: Mapping[str, str]) -> Judgement:
    """Exactly these DAGs are active, each tagged with its release and no other. Measures how many are right.

    `expected`: DAG id -> release.
    """
    active = {dag_id: dag for dag_id, dag in outside.dags().items() if dag.active}
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

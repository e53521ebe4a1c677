"""What a tick does about the second tries that a look asked for: which runs to clear, and how that went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.core.verification.second_try import PATIENCE
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import ClearRuns, FailedRun
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState, StepResult
from reconciler.model.watch import SecondTry


def asked_for(state: EnvironmentState, now: datetime) -> Mapping[str, SecondTry]:
    """The second tries, by DAG, that no tick is through with. Behind a fence no run is begun."""
    known = state.watch.second_tries if state.watch is not None else {}
    return {
        dag_id: one
        for dag_id, one in known.items()
        if one.refused is None and now < one.moved_at + PATIENCE and dag_id not in state.fences
    }


def unwanted(state: EnvironmentState) -> str:
    """Why nothing is cleared here; empty if it may be."""
    if state.accepted is None or state.accepted.desired.holds.suspended is not None:
        return "the environment is suspended"
    return "" if state.accepted.desired.environment.health.second_try else "health.secondTry is off"


def obstacles(
    asked: Mapping[str, SecondTry], dags: Mapping[str, AirflowDag], runs: Sequence[EndedRun]
) -> Mapping[str, str]:
    """The DAGs of which no run is to be cleared, and why; without a word where it is not as it was.

    Somebody cleared it before us, or a tick that died then: how it ends is seen by the next looks.
    """
    there = {_identity(run) for run in runs}
    found = {dag_id: "" for dag_id, one in asked.items() if _identity(one.first) not in there}
    paused = {dag_id: "its DAG is paused" for dag_id in asked if dag_id in dags and dags[dag_id].paused}
    return paused | found


def step(asked: Mapping[str, SecondTry]) -> ClearRuns:
    """Clears these runs."""
    return ClearRuns(
        runs=tuple(FailedRun(dag_id=dag_id, run_id=one.first.run_id) for dag_id, one in asked.items()),
        patient_until=min(one.moved_at for one in asked.values()) + PATIENCE,
        second_try=True,
    )


def cleared(state: EnvironmentState, result: StepResult, now: datetime) -> EnvironmentState:
    """What was cleared, and what could not be."""
    done = {run.dag_id: "" for run in result.cleared}
    return answered(state, done | {run.dag_id: flaw for run, flaw in result.uncleared.items()}, now)


def answered(state: EnvironmentState, answers: Mapping[str, str], now: datetime) -> EnvironmentState:
    """A tick is through with the second tries of these DAGs: why each is not made, empty if it is."""
    if state.watch is None or not answers:
        return state
    known = {
        dag_id: one.model_copy(update={"moved_at": now, "refused": answers[dag_id]})
        if dag_id in answers
        else one
        for dag_id, one in state.watch.second_tries.items()
    }
    return state.model_copy(update={"watch": state.watch.model_copy(update={"second_tries": known})})


def _identity(run: EndedRun) -> tuple[str, str, str, datetime]:
    return run.dag_id, run.run_id, run.state, run.ended_at

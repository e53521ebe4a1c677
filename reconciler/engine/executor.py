"""Runs a plan's steps in order, each journalled before its effect and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.transitions import began, ended
from reconciler.engine.session import Session
from reconciler.model.plan import (
    AwaitParsed,
    DeletePointers,
    FlipBatch,
    Plan,
    PutRelease,
    PutSupport,
    Settle,
    Step,
)
from reconciler.model.state import EnvironmentState, StepRecord, StepResult
from reconciler.ports import Target


@dataclass(frozen=True)
class Execution:
    """How far a plan got: ``waiting`` says for what the rest waits, ``problems`` what was judged bad."""

    waiting: str = ""
    problems: tuple[str, ...] = ()


def execute(session: Session, target: Target, plan: Plan, listing: Mapping[str, str]) -> Execution:
    """Run what the plan allows now. A step that has to wait longer than the tick may work ends the run.

    Looking again at an operation that has ended is not a step of it, and is not journalled.
    """
    for step in plan.steps:
        result = _run(session, target, step, listing)
        if result.problems:
            return Execution(problems=result.problems)
        if result.wait_until is not None:
            return Execution(waiting=result.message)
    return Execution()


def _run(session: Session, target: Target, step: Step, listing: Mapping[str, str]) -> StepResult:
    record = _begin(session, target, step)
    result = target.perform(step, session.state, listing)
    while result.wait_until is not None and session.sleep_until(result.wait_until):
        result = target.perform(step, session.state, listing)
    finished = record.model_copy(update={"finished_at": session.now, "outcome": _outcome(result)})
    operation = session.state.operation
    again = operation is not None and operation.finished_at is not None
    session.commit(ended(session.state, step, result), steps=() if again else (finished,))
    return result


def _begin(session: Session, target: Target, step: Step) -> StepRecord:
    """Write down what is about to happen. Steps that write nothing need no intent."""
    writes = target.writes(step)
    counted = _counted(session.state)
    operation = counted.operation
    if operation is None:
        raise RuntimeError("A step runs only within an operation.")
    record = StepRecord(
        attempt=operation.attempt,
        number=operation.steps,
        kind=step.kind,
        subject=subject(step),
        intended_at=session.now,
    )
    if writes:
        session.commit(began(counted, step, writes, session.now), steps=(record,))
    else:
        session.state = counted
    return record


def _counted(state: EnvironmentState) -> EnvironmentState:
    if state.operation is None or state.operation.finished_at is not None:
        return state
    operation = state.operation.model_copy(update={"steps": state.operation.steps + 1})
    return state.model_copy(update={"operation": operation})


def _outcome(result: StepResult) -> str:
    if result.problems:
        return "; ".join(result.problems)
    return result.message or "done"


def subject(step: Step) -> str:
    """What a step is about, in a few words, for people."""
    match step:
        case PutSupport() | Settle():
            return ", ".join(step.keys)
        case PutRelease():
            return step.release
        case FlipBatch():
            return _names([flip.pointer.dag_id for flip in step.flips])
        case DeletePointers():
            return _names(list(step.dag_ids))
        case AwaitParsed():
            return _names(list(step.expected))


def _names(dag_ids: list[str]) -> str:
    return ", ".join(dag_ids[:10]) + (f" and {len(dag_ids) - 10} more" if len(dag_ids) > 10 else "")

"""Runs a plan's steps in order; every write is journalled before its effect and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.narrative import names
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
    """How far a plan got.

    ``waiting`` says for what the rest waits, ``problems`` what was judged bad; ``again`` that the outside has
    to be looked at anew before the rest: time has passed, or DAGs have changed.
    """

    waiting: str = ""
    problems: tuple[str, ...] = ()
    again: bool = False


def execute(session: Session, target: Target, plan: Plan, listing: Mapping[str, str]) -> Execution:
    """Run what the plan allows, up to the first step after which the plan may be outdated."""
    wrote = waited = False
    for step in plan.steps:
        if session.over:
            return Execution(waiting="The rest is done by the next tick.")
        result, slept = _run(session, target, step, listing)
        if result.problems:
            return Execution(problems=result.problems)
        if result.wait_until is not None:
            return Execution(waiting=result.message)
        wrote = wrote or bool(result.written)
        waited = isinstance(step, Settle) and slept
        if waited or isinstance(step, FlipBatch | DeletePointers):
            break
    return Execution(again=wrote or waited)


def _run(session: Session, target: Target, step: Step, listing: Mapping[str, str]) -> tuple[StepResult, bool]:
    """Do one step to its end, or to the tick's; and whether time was let pass for it."""
    slept = False
    record = _intend(session, target, step)
    result = target.perform(step, session.state, listing)
    while result.wait_until is not None and session.sleep_until(result.wait_until):
        slept, result = True, target.perform(step, session.state, listing)
    done = (
        () if record is None else (record.model_copy(update={"finished_at": session.now, "outcome": "done"}),)
    )
    session.commit(ended(session.state, step, result), steps=done)
    return result, slept


def _intend(session: Session, target: Target, step: Step) -> StepRecord | None:
    """Write down what is about to be written. A step that writes nothing is not journalled."""
    writes = target.writes(step)
    if not writes:
        return None
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
    session.commit(began(counted, step, writes, session.now), steps=(record,))
    return record


def _counted(state: EnvironmentState) -> EnvironmentState:
    if state.operation is None:
        return state
    operation = state.operation.model_copy(update={"steps": state.operation.steps + 1})
    return state.model_copy(update={"operation": operation})


def subject(step: Step) -> str:
    """What a step is about, in a few words, for people."""
    match step:
        case PutSupport() | Settle():
            return ", ".join(step.keys)
        case PutRelease():
            return step.release
        case FlipBatch():
            return names((flip.pointer.dag_id for flip in step.flips), 10)
        case DeletePointers():
            return names(step.dag_ids, 10)
        case AwaitParsed():
            return names(step.expected, 10)

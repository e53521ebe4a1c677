"""Runs a plan's steps in order; every write is journalled before its effect and after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest

from reconciler.core.findings import News, event_of
from reconciler.core.narrative import names
from reconciler.core.planner import stamped
from reconciler.core.transitions import began, ended
from reconciler.engine.session import Session
from reconciler.model.event import EventDraft
from reconciler.model.plan import (
    AwaitParsed,
    AwaitQuiet,
    ClearRuns,
    CreateRuns,
    DeletePointers,
    DeleteReleases,
    FlipBatch,
    Pause,
    Plan,
    PutRelease,
    PutSupport,
    RestartRuns,
    Settle,
    Step,
    Unpause,
)
from reconciler.model.reason import Reason, Severity
from reconciler.model.state import EnvironmentState, StepRecord, StepResult
from reconciler.ports import Target

_OUTDATING = FlipBatch | DeletePointers | Pause | Unpause | RestartRuns
"""After these, DAGs are not what they were when the plan was made."""


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
    did = False
    for step, following in zip_longest(plan.steps, plan.steps[1:]):
        if session.over:
            return Execution(waiting="The rest is done by the next tick.")
        before = session.state
        result, slept = _run(session, target, step, listing)
        if result.problems:
            return Execution(problems=result.problems)
        if result.wait_until is not None and not (slept and session.state.fences):
            return Execution(waiting=result.message or "The next tick looks again.")
        did = did or slept or _remembered(before) != _remembered(session.state)
        # A flip does not outdate the next one: what waits for nothing is not held back by a run that starts
        # meanwhile, and behind a fence no run starts.
        more = isinstance(step, FlipBatch) and isinstance(following, FlipBatch)
        idle = isinstance(step, Unpause) and not result.unfenced
        if slept or result.rejected or (isinstance(step, _OUTDATING) and not (more or idle)):
            break
    return Execution(again=did)


def _remembered(state: EnvironmentState) -> tuple[object, ...]:
    """What a plan is made from: a step that changes none of it leads to no other plan."""
    return state.files, state.live, state.fences, state.rejected


def _run(session: Session, target: Target, step: Step, listing: Mapping[str, str]) -> tuple[StepResult, bool]:
    """Do one step to its end, or to the tick's; and whether time was let pass for it.

    While a DAG is fenced, a wait is cut short to see whether the fence can be closed.
    """
    slept = False
    begun = _begin(session, target, step)
    if begun is None:
        return StepResult(wait_until=session.now, message="The rest is done by the next tick."), False
    step, record = begun
    result = target.perform(step, session.state, listing, session.lease_ends_at)
    while result.wait_until is not None and session.sleep_until(result.wait_until):
        slept = True
        result = target.perform(step, session.state, listing, session.lease_ends_at)
        if isinstance(step, AwaitParsed) and session.state.fences:
            break
    if result.error is not None or result.problems:
        ended_as = "failed"
    else:
        ended_as = "waiting" if result.wait_until is not None else "done"
    update = {"finished_at": session.now, "outcome": ended_as}
    done = () if record is None else (record.model_copy(update=update),)
    after = ended(session.state, step, result, session.now)
    session.commit(after, steps=done, events=_told(session.state, step, result))
    if result.error is not None:
        raise result.error
    return result, slept


def _begin(session: Session, target: Target, step: Step) -> tuple[Step, StepRecord | None] | None:
    """Write down what is about to be done; a flip as it is due, if it is written within its margin.

    None: there is no time left to write one that would not be late. What was written down is settled later.
    """
    target.writes(step)  # what that takes to fetch is not counted
    ahead = timedelta()
    while True:
        began_at = session.now
        now = began_at + ahead
        begun = stamped(step, now)
        record = _intend(session, target, begun)
        if not isinstance(begun, FlipBatch) or session.now <= now + timedelta(seconds=begun.margin_seconds):
            return begun, record
        if session.over:
            return None
        ahead = session.now - began_at  # so long it takes to write it down


def _told(state: EnvironmentState, step: Step, result: StepResult) -> tuple[EventDraft, ...]:
    """What people want to know of a step that was done. Of a second try, the look that asked told them."""
    news = list[News]()
    if result.restarted:
        which = subject(RestartRuns(runs=result.restarted))
        message = f"Runs of a release that was rolled back begin anew on the one before it: {which}."
        evidence = tuple(f"{run.dag_id}: {run.run_id}" for run in result.restarted)
        news.append(
            News(reason=Reason.RUNS_RESTARTED, message=message, severity=Severity.WARNING, evidence=evidence)
        )
    if result.created:
        message = f"Created, for they were due while we kept their DAG paused: {names(result.created)}."
        news.append(News(reason=Reason.RUNS_CREATED, message=message, evidence=result.created))
    if result.cleared and not (isinstance(step, ClearRuns) and step.second_try):
        evidence = tuple(f"{run.dag_id}: {run.run_id}" for run in result.cleared)
        message = f"Runs that failed on a release which was taken back run again: {names(evidence)}."
        news.append(News(reason=Reason.RUNS_CLEARED, message=message, evidence=evidence))
    if result.troubles:
        first, reason = result.troubles[0], Reason.RUN_NOT_MADE_UP
        news.append(News(reason=reason, message=first, severity=Severity.ERROR, evidence=result.troubles))
    return tuple(event_of(one, state, state.last_attempted_revision) for one in news)


def _intend(session: Session, target: Target, step: Step) -> StepRecord | None:
    """Write down what is about to be done. A step that changes nothing outside is not journalled."""
    writes = target.writes(step)
    if not writes and not isinstance(step, Pause | Unpause | RestartRuns | CreateRuns | ClearRuns):
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
    about: Iterable[str]
    match step:
        case PutSupport() | Settle() | DeleteReleases():
            about = step.keys
        case PutRelease():
            about = (step.release,)
        case FlipBatch():
            about = (flip.pointer.dag_id for flip in step.flips)
        case DeletePointers() | AwaitQuiet() | Unpause():
            about = step.dag_ids
        case Pause():
            about = step.fences
        case AwaitParsed():
            about = step.expected
        case CreateRuns():
            about = step.missing
        case RestartRuns() | ClearRuns():
            about = (f"{run.dag_id} {run.run_id}" for run in step.runs)
    return names(about, 10)

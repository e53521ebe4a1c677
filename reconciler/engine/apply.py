"""Brings one environment to one commit, as far as the gates allow now: the second half of a tick."""

from __future__ import annotations

from reconciler.core.transitions import Finding
from reconciler.engine.desired import Wanted
from reconciler.engine.executor import Execution, execute
from reconciler.engine.operations import Operations
from reconciler.engine.plan_now import plan_now
from reconciler.engine.recovery import recover
from reconciler.engine.session import Session
from reconciler.engine.world import Outcome, TickResult, World
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.plan import Decision, Plan, Verdict
from reconciler.model.reason import ConditionType, Reason, Severity, TriggeredBy

_CONDITION_OF_GATE = {
    "ownership": (ConditionType.STALLED, True),
    "busy": (ConditionType.RECONCILING, True),
    "in-flight": (ConditionType.QUIESCED, False),
}


def apply(
    world: World, session: Session, wanted: Wanted, triggered_by: TriggeredBy, at_tip: bool
) -> TickResult:
    """Settle what is open, plan, run what may run, and write down how it ended.

    What the platform refuses or fails to do is reported as a condition; a lost lease is raised.
    """
    try:
        return _apply(world, session, Operations(world, session, wanted, at_tip), triggered_by)
    except (Transient, Terminal) as error:
        _report(session, error, wanted.revision)
        outcome = Outcome.RETRY if isinstance(error, Transient) else Outcome.STALLED
        return TickResult(outcome, str(error))


def _apply(world: World, session: Session, operations: Operations, triggered_by: TriggeredBy) -> TickResult:
    wanted = operations.wanted
    target = world.target(wanted.desired.environment)
    listing = target.folder.list()
    recover(session, target, listing)
    diff, plan = plan_now(wanted, session.state, target, listing, session.now)
    if diff.empty:
        operations.succeed()
        return TickResult(Outcome.APPLIED, "Everything is as it should be.")
    operations.begin(plan, diff, triggered_by)
    _report_verdicts(session, plan)
    return _conclude(operations, plan, execute(session, target, plan, listing))


def _conclude(operations: Operations, plan: Plan, execution: Execution) -> TickResult:
    if execution.problems:
        operations.fail(plan, execution.problems)
        return TickResult(Outcome.FAILED, execution.problems[0])
    held = [verdict.message for verdict in plan.verdicts if verdict.decision is not Decision.GO]
    waiting = " ".join([*held, *filter(None, [execution.waiting])])
    if waiting:
        operations.wait(plan, waiting)
        return TickResult(Outcome.WAITING, waiting)
    operations.succeed()
    return TickResult(Outcome.APPLIED, f"Release {plan.release} is live.")


def _report_verdicts(session: Session, plan: Plan) -> None:
    for verdict in plan.verdicts:
        if verdict.decision is not Decision.GO:
            session.report(_finding(verdict), plan.revision)


def _finding(verdict: Verdict) -> Finding:
    kind, status = _CONDITION_OF_GATE[verdict.gate]
    return Finding(
        type=kind,
        status=status,
        reason=verdict.reason,
        message=verdict.message,
        severity=Severity.ERROR if verdict.decision is Decision.STOP else Severity.INFO,
        evidence=verdict.evidence,
    )


def _report(session: Session, error: ReconcilerError, revision: str) -> None:
    terminal = isinstance(error, Terminal)
    finding = Finding(
        type=ConditionType.STALLED if terminal else ConditionType.RECONCILING,
        status=True,
        reason=error.reason if terminal else Reason.PROGRESSING_WITH_RETRY,
        message=str(error),
        severity=Severity.ERROR if terminal else Severity.WARNING,
    )
    session.report(finding, revision)

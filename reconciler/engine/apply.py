"""Brings one environment to one commit, as far as the gates allow now: the second half of a tick."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta

from reconciler.core.diff import Difference
from reconciler.core.findings import Finding
from reconciler.core.retention import tidying
from reconciler.engine.admission import looked_at_upstream
from reconciler.engine.executor import Execution, execute
from reconciler.engine.letting_go import let_go
from reconciler.engine.manifests import Manifests
from reconciler.engine.operations import Operations
from reconciler.engine.plan_now import plan_now, tidying_scene
from reconciler.engine.recovery import recover
from reconciler.engine.world import Outcome, TickResult
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.plan import Plan
from reconciler.model.reason import ConditionType, Reason, Severity, TriggeredBy
from reconciler.model.verdict import Decision, Verdict
from reconciler.ports import Target

_LOUD = (Reason.DRAIN_TIMED_OUT, Reason.GATE_TIMED_OUT)
POLL = timedelta(seconds=2)
"""Between two looks at runs in flight, while the tick still has patience."""


def apply(operations: Operations, triggered_by: TriggeredBy) -> TickResult:
    """Plan, run what may run, look again, until nothing more may be done now; write down how it ended.

    What the platform refuses or fails to do is reported as a condition; a lost lease is raised.
    """
    session = operations.session
    target = operations.world.target(operations.wanted.desired.environment)
    try:
        return _apply(operations, target, triggered_by)
    except (Transient, Terminal) as error:
        # What was begun is settled at once; if that fails too, the next tick does it.
        with contextlib.suppress(Transient, Terminal):
            recover(session, target, target.folder.list(), interrupted=False)
        with contextlib.suppress(Transient, Terminal):
            let_go(operations.world, session, error)
        session.report(_refusal(error, operations.at_tip), operations.wanted.revision)
        outcome = Outcome.RETRY if isinstance(error, Transient) else Outcome.STALLED
        return TickResult(outcome, str(error))


def _apply(operations: Operations, target: Target, triggered_by: TriggeredBy) -> TickResult:
    session, manifests = operations.session, Manifests(operations.world.artifacts)
    wanted = looked_at_upstream(operations.world, session.state, operations.wanted)
    while True:
        listing = target.folder.list()
        recover(session, target, listing)
        now = session.now
        diff, plan = plan_now(wanted, session.state, target, manifests, listing, now)
        if not plan.stopped:
            operations.drift(diff)
        if diff.empty:
            operations.change_rules(plan, diff, triggered_by, now)
            result = _end(operations, plan, diff)
            if result.outcome is Outcome.APPLIED and _tidy(operations, target, plan, listing):
                continue
            return result
        operations.begin(plan, diff, triggered_by, now)
        _report_verdicts(operations, plan)
        operations.hold(plan, now)
        execution = execute(session, target, plan, listing)
        if not (execution.again or _patient(operations, plan, execution)):
            return _conclude(operations, plan, execution)


def _tidy(operations: Operations, target: Target, plan: Plan, listing: Mapping[str, str]) -> bool:
    """Move DAGs off old releases and delete those; True if there is something to look at again."""
    session = operations.session
    state = session.state
    if state.operation is None or session.over or plan.stopped:
        return False
    # What is live is right already: if this cannot be done now, the next deployment does it.
    with contextlib.suppress(Transient):
        steps = tidying(tidying_scene(operations.wanted, state, target.airflow, session.now))
        if steps and target.airflow.busy() is None:
            return execute(session, target, plan.model_copy(update={"steps": steps}), listing).again
    return False


def _end(operations: Operations, plan: Plan, diff: Difference) -> TickResult:
    """Everything is as it can be."""
    if diff.rejected:
        problems = operations.rejected(diff)
        operations.fail(plan, problems)
        return TickResult(Outcome.FAILED, problems[0])
    operations.succeed()
    return TickResult(Outcome.APPLIED, f"Release {plan.release} is live.")


def _patient(operations: Operations, plan: Plan, execution: Execution) -> bool:
    """Wait a little for runs in flight. False when patience is at its end, or it is not about runs."""
    session, patience = operations.session, timedelta(seconds=operations.world.time.patience_seconds)
    waits = [verdict for verdict in plan.verdicts if verdict.decision is not Decision.GO]
    only_runs = waits and all(one.waits_for_runs for one in waits)
    only_runs = only_runs and not execution.waiting and not execution.problems
    return (
        bool(only_runs)
        and session.now < session.began_at + patience
        and session.sleep_until(session.now + POLL)
    )


def _conclude(operations: Operations, plan: Plan, execution: Execution) -> TickResult:
    if execution.problems:
        operations.fail(plan, execution.problems)
        return TickResult(Outcome.FAILED, execution.problems[0])
    held = [verdict.message for verdict in plan.verdicts if verdict.decision is not Decision.GO]
    # Success is only ever told after a look at which nothing differs any more.
    waiting = " ".join(filter(None, [*held, execution.waiting])) or "The next tick looks again."
    operations.wait(plan, waiting)
    return TickResult(Outcome.WAITING, waiting)


def _report_verdicts(operations: Operations, plan: Plan) -> None:
    """Each condition once: of several gates that set the same one, together."""
    findings: dict[ConditionType, Finding] = {}
    for verdict in plan.verdicts:
        if verdict.decision is not Decision.GO:
            finding = _finding(verdict, operations.at_tip)
            before = findings.get(finding.type)
            findings[finding.type] = finding if before is None else _both(before, finding)
    for finding in findings.values():
        operations.session.report(finding, plan.revision)


def _both(one: Finding, other: Finding) -> Finding:
    """Two findings as one, which has the reason of the one that somebody should act on."""
    loud = other if other.severity is Severity.ERROR else one
    together = {"message": f"{one.message} {other.message}", "evidence": (*one.evidence, *other.evidence)}
    return loud.model_copy(update=together)


def _finding(verdict: Verdict, at_tip: bool) -> Finding:
    if verdict.decision is Decision.STOP:
        kind, status = _stopping(at_tip), True
    elif verdict.waits_for_runs:
        kind, status = ConditionType.QUIESCED, False
    else:
        kind, status = ConditionType.RECONCILING, True
    return Finding(
        type=kind,
        status=status,
        reason=verdict.reason,
        message=verdict.message,
        severity=_severity(verdict),
        evidence=verdict.evidence,
    )


def _severity(verdict: Verdict) -> Severity:
    acts = verdict.decision is Decision.STOP or verdict.reason in _LOUD
    return Severity.ERROR if acts else Severity.INFO


def _refusal(error: ReconcilerError, at_tip: bool) -> Finding:
    terminal = isinstance(error, Terminal)
    return Finding(
        type=_stopping(at_tip) if terminal else ConditionType.RECONCILING,
        status=True,
        reason=error.reason if terminal else Reason.PROGRESSING_WITH_RETRY,
        message=str(error),
        severity=Severity.ERROR if terminal else Severity.WARNING,
    )


def _stopping(at_tip: bool) -> ConditionType:
    """While the tip itself is bad, ``Stalled`` tells of that; the two would overwrite each other."""
    return ConditionType.STALLED if at_tip else ConditionType.RECONCILING

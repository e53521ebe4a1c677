"""The life of an operation: begun, superseded, waiting, failed, succeeded; each told once."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core import narrative
from reconciler.core.diff import Difference
from reconciler.core.planner import plan_digest
from reconciler.core.transitions import Finding, event_of, with_conditions
from reconciler.engine.desired import Wanted
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.event import EventDraft
from reconciler.model.plan import Action, Plan
from reconciler.model.reason import ConditionType, Health, Phase, Reason, Severity, Sync, TriggeredBy
from reconciler.model.state import Applied, EnvironmentState, Operation


@dataclass(frozen=True)
class Operations:
    """Writes one operation's course into the session's state. ``at_tip``: what is wanted is the tip."""

    world: World
    session: Session
    wanted: Wanted
    at_tip: bool

    def begin(self, plan: Plan, diff: Difference, triggered_by: TriggeredBy) -> None:
        """Start an operation for the plan, or go on with the one there is for the same commit."""
        current = self.session.state.operation
        if current is not None and _continues(current, plan, diff):
            return
        if current is not None and current.finished_at is None:
            self._supersede(current, plan)
        if diff.drifted:
            self.session.report(_drifted(diff), plan.revision)
        state = self._started(plan, TriggeredBy.DRIFT if _only_heals(diff) else triggered_by)
        message = narrative.beginning(plan, self.wanted.versions, len(self.wanted.release.dags))
        self.session.report(_reconciling(Reason.PROGRESSING, message, state.operation), plan.revision, state)

    def wait(self, plan: Plan, waiting: str) -> None:
        """Some of it has to wait, for a gate or for files to arrive; the gates' findings tell why."""
        state = self._phase(Phase.RUNNING, waiting)
        if plan.held and plan.steps:
            flipped = len(plan.changes) - len(plan.held)
            message = f"{flipped} of {len(plan.changes)} DAGs changed; {', '.join(sorted(plan.held))} wait."
            self.session.report(_reconciling(Reason.PARTIAL_APPLY, message, None), plan.revision, state)
        else:
            self.session.commit(state)

    def fail(self, plan: Plan, problems: tuple[str, ...]) -> None:
        """It was applied, and Airflow does not run it as it should."""
        message = (
            f"{len(problems)} of the DAGs that were changed do not run as deployed: {problems[0]}"
            f"{' …' if len(problems) > 1 else ''}. They are looked at again each minute; "
            "`git revert` the commit to go back."
        )
        state = self._phase(Phase.FAILED, message)
        state = self._applied(state) if not plan.held else state
        finding = Finding(
            type=ConditionType.HEALTHY,
            status=False,
            reason=Reason.HEALTH_CHECK_FAILED,
            message=message,
            severity=Severity.ERROR,
            evidence=problems[:20],
        )
        degraded = state.model_copy(update={"health": Health.DEGRADED})
        self.session.report(finding, plan.revision, degraded)

    def succeed(self) -> None:
        """Everything is live and was seen so. Told if an operation ends, or the commit says something new."""
        state, operation = self.session.state, self.session.state.operation
        after = self._all_well(self._applied(state))
        if operation is not None and operation.phase is not Phase.SUCCEEDED:
            ended = operation.model_copy(update={"phase": Phase.SUCCEEDED, "finished_at": self.session.now})
            after = after.model_copy(update={"operation": ended})
            self.session.commit(after, events=(self._success(after, operation),))
        elif self._is_news(state):
            message = (
                f"Commit {self.wanted.revision[:10]} changes nothing that runs in {state.environment}: "
                f"it runs {narrative.versions(self.wanted.versions)} and is well."
            )
            self.session.commit(after, events=(self._told(after, message, Reason.RECONCILIATION_SUCCEEDED),))
        else:
            self.session.commit(after)

    def _is_news(self, state: EnvironmentState) -> bool:
        """Does the commit say something else than before, or end something that people were told of?"""
        concerns = {ConditionType.STALLED, ConditionType.FETCH_FAILED, ConditionType.DRIFTED}
        over = any(state.conditions[kind].status for kind in concerns & state.conditions.keys())
        changed = state.applied is not None and state.applied.desired != self.wanted.desired
        return changed or (over and self.at_tip)

    def _success(self, after: EnvironmentState, operation: Operation) -> EventDraft:
        seconds = (self.session.now - operation.started_at).total_seconds()
        message = narrative.success(after.environment, self.wanted.versions, self.wanted.release.id, seconds)
        healed = operation.triggered_by is TriggeredBy.DRIFT
        return self._told(after, message, Reason.DRIFT_HEALED if healed else Reason.RECONCILIATION_SUCCEEDED)

    def _told(self, state: EnvironmentState, message: str, reason: Reason) -> EventDraft:
        finding = Finding(type=ConditionType.READY, status=True, reason=reason, message=message)
        return event_of(finding, state, self.wanted.revision)

    def _all_well(self, state: EnvironmentState) -> EnvironmentState:
        reason, message = Reason.RECONCILIATION_SUCCEEDED, f"Runs release {self.wanted.release.id}."
        true = [ConditionType.READY, ConditionType.HEALTHY, ConditionType.QUIESCED]
        false = [ConditionType.RECONCILING, ConditionType.DRIFTED]
        if self.at_tip:
            true.append(ConditionType.SOURCE_VERIFIED)
            false += [ConditionType.STALLED, ConditionType.FETCH_FAILED]
        findings = [
            Finding(type=kind, status=kind in true, reason=reason, message=message)
            for kind in (*true, *false)
        ]
        after = with_conditions(state, findings, self.wanted.revision, self.session.now)
        return after.model_copy(update={"sync": Sync.SYNCED, "health": Health.HEALTHY})

    def _accepted(self, state: EnvironmentState) -> EnvironmentState:
        update = {"accepted": self._as_applied(), "last_attempted_revision": self.wanted.revision}
        return state.model_copy(update=update)

    def _applied(self, state: EnvironmentState) -> EnvironmentState:
        applied = state.applied
        if applied is not None and (applied.revision, applied.release) == (
            self.wanted.revision,
            self.wanted.release.id,
        ):
            return state
        return self._accepted(state.model_copy(update={"applied": self._as_applied()}))

    def _as_applied(self) -> Applied:
        return Applied(
            revision=self.wanted.revision,
            release=self.wanted.release.id,
            desired=self.wanted.desired,
            at=self.session.now,
        )

    def _phase(self, phase: Phase, message: str) -> EnvironmentState:
        state = self.session.state
        if state.operation is None:
            return state
        finished = self.session.now if phase is Phase.FAILED else None
        operation = state.operation.model_copy(
            update={"phase": phase, "message": message, "finished_at": finished}
        )
        return state.model_copy(update={"operation": operation})

    def _started(self, plan: Plan, triggered_by: TriggeredBy) -> EnvironmentState:
        state = self.session.state
        commit = self.world.repo.commit(plan.revision)
        operation = Operation(
            attempt=(state.operation.attempt if state.operation else 0) + 1,
            revision=plan.revision,
            release=plan.release,
            triggered_by=triggered_by,
            initiated_by=commit.author,
            subject=commit.subject,
            phase=Phase.RUNNING,
            message=narrative.counts(plan.changes, len(self.wanted.release.dags)),
            plan_digest=plan_digest(plan),
            versions=self.wanted.versions,
            started_at=self.session.now,
        )
        update = {"operation": operation, "sync": Sync.OUT_OF_SYNC, "health": Health.PROGRESSING}
        return self._accepted(state.model_copy(update=update))

    def _supersede(self, current: Operation, plan: Plan) -> None:
        message = f"Commit {current.revision[:10]} was not finished: {plan.revision[:10]} took over."
        finding = _reconciling(Reason.SUPERSEDED, message, None)
        self.session.report(finding, current.revision, self._superseded(current, message))

    def _superseded(self, current: Operation, message: str) -> EnvironmentState:
        ended = {"phase": Phase.ERROR, "message": message, "finished_at": self.session.now}
        return self.session.state.model_copy(update={"operation": current.model_copy(update=ended)})


def _continues(current: Operation, plan: Plan, diff: Difference) -> bool:
    """The same commit, still open; or only to be looked at again."""
    same = (current.revision, current.release) == (plan.revision, plan.release)
    writes = diff.changes or diff.support or diff.releases
    return same and (current.finished_at is None or not writes)


def _only_heals(diff: Difference) -> bool:
    return bool(diff.drifted) and all(change.action is Action.HEAL for change in diff.changes)


def _drifted(diff: Difference) -> Finding:
    return Finding(
        type=ConditionType.DRIFTED,
        status=True,
        reason=Reason.DRIFT_DETECTED,
        message=narrative.drift(diff.drifted),
        severity=Severity.WARNING,
        evidence=diff.drifted[:20],
    )


def _reconciling(reason: Reason, message: str, operation: Operation | None) -> Finding:
    evidence = (f"{operation.initiated_by}: {operation.subject}",) if operation else ()
    return Finding(
        type=ConditionType.RECONCILING, status=True, reason=reason, message=message, evidence=evidence
    )

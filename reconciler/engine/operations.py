"""The life of an operation: begun, superseded, waiting, failed, succeeded; each told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core import acceptance, ledger, narrative
from reconciler.core.diff import Difference
from reconciler.core.findings import (
    MAX_MESSAGE,
    Finding,
    News,
    drifted,
    event_of,
    healed,
    reconciling,
    with_conditions,
)
from reconciler.core.gates import pinned
from reconciler.core.patience import waiting
from reconciler.core.planner import plan_digest
from reconciler.core.rollback import arrived, begun, goes_back
from reconciler.core.rules_change import changed_rules
from reconciler.core.verification import bake, watching
from reconciler.engine.admission import Admission
from reconciler.engine.desired import Wanted
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.event import EventDraft
from reconciler.model.plan import Action, Plan
from reconciler.model.reason import ConditionType, Health, Phase, Reason, Severity, Sync, TriggeredBy
from reconciler.model.state import Applied, EnvironmentState, Operation
from reconciler.model.verdict import Decision


@dataclass(frozen=True)
class Operations:
    """Writes one operation's course into the session's state. ``at_tip``: what is wanted is the tip.

    ``admitted`` is what let it pass.
    """

    world: World
    session: Session
    wanted: Wanted
    at_tip: bool
    admitted: Admission | None = None

    def drift(self, diff: Difference) -> None:
        """Tell what somebody else changed, and that it was put back."""
        if diff.drifted:
            self.session.report(drifted(diff.drifted), self.wanted.revision)
            return
        condition = self.session.state.conditions.get(ConditionType.DRIFTED)
        if condition is not None and condition.status:
            self.session.report(healed(told=not self._heals()), self.wanted.revision)

    def rejected(self, diff: Difference) -> tuple[str, ...]:
        """What Airflow could not import, for people."""
        live, state = self.session.state.live, self.session.state
        return tuple(
            f"{dag_id} does not import in Airflow and stays "
            f"{f'on release {live[dag_id].pointer.release}' if dag_id in live else 'away'}: "
            f"{state.rejected[dag_id].message}"
            for dag_id in diff.rejected
        )

    def begin(self, plan: Plan, diff: Difference, triggered_by: TriggeredBy, now: datetime) -> None:
        """Start an operation for the plan made ``now``, or go on with the one there is for the same wish."""
        current = self.session.state.operation
        writes = diff.changes or diff.support or diff.releases
        if current is not None and self._is_ours(current) and (current.finished_at is None or not writes):
            state = self._begun(plan, self._ruled(self.session.state, current))
            self.session.commit(self._accepted(state))
            return
        if current is not None and current.finished_at is None:
            self._supersede(current)
        state = self._started(plan, TriggeredBy.DRIFT if _only_heals(diff) else triggered_by, now)
        message = narrative.beginning(plan, self.wanted.versions, len(self.wanted.release.dags))
        signed = self.admitted.source.evidence if self.admitted is not None else ()
        evidence = (f"{self.wanted.author}: {self.wanted.subject}", *signed)
        finding = reconciling(Reason.PROGRESSING, message, evidence)
        self.session.report(finding, plan.revision, state)

    def change_rules(self, plan: Plan, diff: Difference, triggered_by: TriggeredBy, now: datetime) -> None:
        """Accept a commit that changes rules and nothing that runs, as an operation that is over at once.

        People look for it among the attempts, as for any other change. Where what runs is not well, it proves
        no version good: how it ends is told with that.
        """
        rules, state = self._rules(), self.session.state
        if not rules:
            return
        current = state.operation
        if current is not None and current.finished_at is None:
            if self._is_ours(current):
                self.session.commit(self._accepted(self._ruled(state, current)))
                return
            self._supersede(current)
            state = self.session.state
        operation = self._operation(plan, triggered_by, now)
        if not diff.rejected:
            over = {"phase": Phase.SUCCEEDED, "message": "Only rules change.", "finished_at": now}
            operation = operation.model_copy(update=over)
        self.session.commit(self._accepted(state.model_copy(update={"operation": operation})))

    def hold(self, plan: Plan, now: datetime) -> None:
        """Remember what the gates say, and since when runs in flight hold back each DAG."""
        known = self.session.state.held
        gate = (verdict for verdict in plan.verdicts if verdict.waits_for_runs)
        held = {dag_id: known.get(dag_id, now) for verdict in gate for dag_id in verdict.dag_ids}
        # A change that goes ahead although runs are in its way remembers for how long they were.
        held |= {one.dag_id: known[one.dag_id] for one in plan.changes if one.dag_id in known}
        state = self.session.state
        update = {
            "held": held,
            "gates": plan.verdicts if plan.held or plan.stopped else (),
            "waiting": waiting(plan.verdicts, state.waiting, plan.release, now),
        }
        self.session.commit(state.model_copy(update=update))

    def wait(self, plan: Plan, waiting: str) -> None:
        """Some of it has to wait, for a gate or for files to arrive; the gates' findings tell why."""
        state = self._phase(Phase.RUNNING, waiting)
        moved = sum(1 for live in state.live.values() if live.pointer.release == plan.release)
        for_runs = all(one.decision is Decision.GO or one.waits_for_runs for one in plan.verdicts)
        if plan.held and moved and for_runs:
            message = f"{moved} DAGs run release {plan.release}; {narrative.names(sorted(plan.held))} wait."
            self.session.report(reconciling(Reason.PARTIAL_APPLY, message), plan.revision, state)
        else:
            self.session.commit(state)

    def fail(self, plan: Plan, problems: tuple[str, ...]) -> None:
        """It was applied, and Airflow does not run it as it should. While DAGs are held it goes on."""
        message = (
            f"Not running as deployed: {problems[0]}"
            f"{f' (and {len(problems) - 1} more)' if len(problems) > 1 else ''}. Looked at each minute; "
            f"`reconciler sync {self.session.state.environment}` tries again what does not import, and "
            "`git revert` of the commit goes back."
        )
        state = self._phase(Phase.RUNNING if plan.held else Phase.FAILED, message)
        if not plan.held:
            over = {"sync": self._sync(), "accounting": ledger.closed(state, self.session.now)}
            state = self._applied(self._watched(state)).model_copy(update=over)
            untrue = [ConditionType.READY, ConditionType.RECONCILING]
            state = self._conditions(state, [], untrue, Reason.HEALTH_CHECK_FAILED, message)
        finding = Finding(
            type=ConditionType.HEALTHY,
            status=False,
            reason=Reason.HEALTH_CHECK_FAILED,
            message=message,
            severity=Severity.ERROR,
            evidence=problems,
        )
        degraded = state.model_copy(update={"delivery": Health.DEGRADED})
        self.session.report(finding, plan.revision, degraded)

    def succeed(self) -> None:
        """Everything is live and was seen so. Told if an operation ends, or the commit says something new."""
        operation = self.session.state.operation
        if operation is not None and not self._is_ours(operation) and operation.finished_at is None:
            self._supersede(operation)
            operation = None
        state = self.session.state
        release = self.wanted.release.id
        live = watching.arrived(arrived(self._watched(state), release), release, self.session.now)
        after = self._all_well(self._applied(live))
        cleared: dict[str, object] = {"rejected": {}, "held": {}, "gates": (), "waiting": {}}
        over = {"accounting": ledger.closed(after, self.session.now)}
        after = after.model_copy(update={**cleared, **over})
        if operation is not None and self._is_ours(operation) and operation.phase is not Phase.SUCCEEDED:
            told = f"Release {release} is live."
            update = {"phase": Phase.SUCCEEDED, "finished_at": self.session.now, "message": told}
            ended = operation.model_copy(update=update)
            after = after.model_copy(update={"operation": ended})
            self.session.commit(after, events=(self._success(after, operation),))
        elif operation is None or self._is_news(state):
            message = narrative.nothing_changes(
                state.environment, self.wanted.revision, self.wanted.versions, bake.failed(after.watch)
            )
            self.session.commit(after, events=(self._told(after, message, Reason.RECONCILIATION_SUCCEEDED),))
        else:
            self.session.commit(after)

    def _is_ours(self, operation: Operation) -> bool:
        """Is an operation about what is wanted now? A commit for other environments changes nothing here."""
        accepted = self.session.state.accepted
        same_wish = accepted is not None and accepted.desired == self.wanted.desired
        same_release = operation.release == self.wanted.release.id
        return same_release and (operation.revision == self.wanted.revision or same_wish)

    def _heals(self) -> bool:
        operation = self.session.state.operation
        return operation is not None and operation.triggered_by is TriggeredBy.DRIFT

    def _is_news(self, state: EnvironmentState) -> bool:
        """Does the commit say something else than before, or end something that people were told of?"""
        stalled = state.conditions.get(ConditionType.STALLED)
        changed = state.applied is None or state.applied.desired != self.wanted.desired
        return changed or (self.at_tip and stalled is not None and bool(stalled.status))

    def _success(self, after: EnvironmentState, operation: Operation) -> EventDraft:
        now, since = self.session.now, (operation.started_at, operation.approved_at)
        found, approved = ((now - at).total_seconds() if at is not None else None for at in since)
        message = narrative.success(
            after.environment, self.wanted.versions, self.wanted.release.id, found or 0.0, approved
        )
        healed = operation.triggered_by is TriggeredBy.DRIFT
        return self._told(after, message, Reason.DRIFT_HEALED if healed else Reason.RECONCILIATION_SUCCEEDED)

    def _told(self, state: EnvironmentState, message: str, reason: Reason) -> EventDraft:
        return event_of(News(reason=reason, message=message), state, self.wanted.revision)

    def _sync(self) -> Sync:
        return Sync.SYNCED if self.at_tip else Sync.OUT_OF_SYNC

    def _all_well(self, state: EnvironmentState) -> EnvironmentState:
        true = [ConditionType.HEALTHY, ConditionType.QUIESCED]
        false = [ConditionType.RECONCILING, ConditionType.DRIFTED]
        if self.at_tip:
            true += [ConditionType.READY, ConditionType.SOURCE_VERIFIED]
            false += [ConditionType.STALLED]
        well = Reason.RECONCILIATION_SUCCEEDED
        after = self._conditions(state, true, false, well, f"Runs release {self.wanted.release.id}.")
        return after.model_copy(update={"sync": self._sync(), "delivery": Health.HEALTHY})

    def _conditions(
        self,
        state: EnvironmentState,
        true: list[ConditionType],
        false: list[ConditionType],
        reason: Reason,
        message: str,
    ) -> EnvironmentState:
        findings = [
            Finding(type=kind, status=kind in true, reason=reason, message=message)
            for kind in (*true, *false)
        ]
        return with_conditions(state, findings, self.wanted.revision, self.session.now)

    def _accepted(self, state: EnvironmentState) -> EnvironmentState:
        return acceptance.accept(state, self._as_applied(), self.wanted.revision)

    def _applied(self, state: EnvironmentState) -> EnvironmentState:
        return acceptance.apply(state, self._as_applied(), self.wanted.revision)

    def _as_applied(self) -> Applied:
        return Applied(
            # What a commit says beside its rules may be in force before they are: then it is looked at again.
            revision=self.wanted.rules_of or self.wanted.revision,
            pointer_of=self.wanted.revision if self.wanted.rules_of is not None else None,
            release=self.wanted.release.id,
            desired=self.wanted.desired,
            at=self.session.now,
            author=self.wanted.author,
            subject=self.wanted.subject,
        )

    def _phase(self, phase: Phase, message: str) -> EnvironmentState:
        state = self.session.state
        if state.operation is None or state.operation.finished_at is not None:
            return state
        finished = self.session.now if phase is Phase.FAILED else None
        update = {"phase": phase, "message": message[:MAX_MESSAGE], "finished_at": finished}
        return state.model_copy(update={"operation": state.operation.model_copy(update=update)})

    def _started(self, plan: Plan, triggered_by: TriggeredBy, now: datetime) -> EnvironmentState:
        update = {
            "operation": self._operation(plan, triggered_by, now),
            "sync": Sync.OUT_OF_SYNC,
            "delivery": Health.PROGRESSING,
        }
        state = self._begun(plan, self.session.state).model_copy(update=update)
        started = self._accepted(state)
        true, false = [], [ConditionType.READY]
        if self.at_tip:
            true, false = [ConditionType.SOURCE_VERIFIED], [ConditionType.READY, ConditionType.STALLED]
        under_way = f"On the way to release {plan.release}."
        return self._conditions(started, true, false, Reason.PROGRESSING, under_way)

    def _begun(self, plan: Plan, state: EnvironmentState) -> EnvironmentState:
        """While all of it waits, what runs is watched as before: it may still be what an alarm is about.

        Going back condemns at once what it goes back from.
        """
        waits = plan.waits and not goes_back(state, self.wanted.release.id)
        return state if waits else self._watched(state)

    def _watched(self, state: EnvironmentState) -> EnvironmentState:
        """The release that is wanted is begun, and watched from now on."""
        wanted = self.wanted
        last = state.operation.attempt if state.operation is not None else 0
        attempt = last if state.operation is not None and self._is_ours(state.operation) else last + 1
        after = begun(state, wanted.release.id)
        code = {dag_id: sealed.fingerprint for dag_id, sealed in wanted.release.dags.items()}
        for dag_id in pinned(wanted.desired.holds, after, after.condemned):
            code[dag_id] = after.live[dag_id].fingerprint
        return watching.begun(after, wanted.release.id, wanted.revision, attempt, code, self.session.now)

    def _operation(self, plan: Plan, triggered_by: TriggeredBy, now: datetime) -> Operation:
        """The next attempt, which begins. What is put back was approved with the commit that made it so."""
        before = self.session.state.operation
        operation = Operation(
            attempt=(before.attempt if before is not None else 0) + 1,
            revision=plan.revision,
            release=plan.release,
            triggered_by=triggered_by,
            initiated_by=self.wanted.author,
            subject=self.wanted.subject,
            phase=Phase.RUNNING,
            message=narrative.counts(plan.changes, len(self.wanted.release.dags)),
            plan_digest=plan_digest(plan),
            versions=self.wanted.versions,
            pinned=frozenset(one.dag for one in self.wanted.desired.holds.pins),
            rules=self._rules(),
            started_at=now,
        )
        if self._approvals():
            return operation.model_copy(update=self._approvals())
        if before is None or (before.revision, before.release) != (plan.revision, plan.release):
            return operation
        known = ("approvals", "approved_by", "glass_broken")
        return operation.model_copy(update={name: getattr(before, name) for name in known})

    def _approvals(self) -> dict[str, object]:
        """Who approved it, as fields of an operation; empty if nobody had to."""
        if self.admitted is None or not self.admitted.approval.opened_by:
            return {}
        approval = self.admitted.approval
        return {
            "approvals": approval.evidence,
            "approved_by": approval.opened_by,
            "approved_at": approval.opened_at,
            "glass_broken": approval.reason is Reason.BREAK_GLASS_USED,
        }

    def _rules(self) -> tuple[str, ...]:
        """What the commit changes of the rules in force; nothing if none are."""
        accepted = self.session.state.accepted
        return changed_rules(accepted.desired, self.wanted.desired) if accepted is not None else ()

    def _ruled(self, state: EnvironmentState, current: Operation) -> EnvironmentState:
        """Rules that waited for people come into force while what else their commit says is under way."""
        rules = self._rules()
        if not rules:
            return state
        operation = current.model_copy(update={"rules": rules, **self._approvals()})
        return state.model_copy(update={"operation": operation})

    def _supersede(self, current: Operation) -> None:
        wanted = self.wanted
        message = narrative.superseded(
            narrative.commit(current.revision, current.initiated_by, current.subject),
            narrative.commit(wanted.revision, wanted.author, wanted.subject),
        )
        ended = {"phase": Phase.ERROR, "message": message, "finished_at": self.session.now}
        operation = current.model_copy(update=ended)
        state = self.session.state.model_copy(update={"operation": operation})
        self.session.report(reconciling(Reason.SUPERSEDED, message), current.revision, state)


def _only_heals(diff: Difference) -> bool:
    return bool(diff.drifted) and all(change.action is Action.HEAL for change in diff.changes)

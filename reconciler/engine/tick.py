"""One short look at one environment: read what is wanted, observe what is live, do what may be done now.

Called for every hint (a push, the sweep, a person). Level-triggered: nothing of the hint is remembered, a
newer commit supersedes an older one by itself, and a tick that died is simply continued by the next.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

from reconciler.core.delivery import delivered
from reconciler.core.diff import drifted_keys, outdated_support
from reconciler.core.fencing import open_for_long
from reconciler.core.findings import Finding, with_conditions
from reconciler.core.outage import reachable
from reconciler.core.patience import waiting, waiting_outside
from reconciler.engine.accounting import settle_accounts
from reconciler.engine.admission import Admission, admission, proposed
from reconciler.engine.apply import apply
from reconciler.engine.course import course
from reconciler.engine.desired import Wanted, as_accepted, at_revision, held_by
from reconciler.engine.leasing import acquired
from reconciler.engine.letting_go import let_go
from reconciler.engine.operations import Operations
from reconciler.engine.plan_now import would_say
from reconciler.engine.promoter import promote_by_policy
from reconciler.engine.rehearsals import remember_rehearsal
from reconciler.engine.reruns import follow_revert, note_revert
from reconciler.engine.second_tries import try_again
from reconciler.engine.session import Session
from reconciler.engine.world import Outcome, TickResult, World
from reconciler.model.errors import Conflict, ReconcilerError, Terminal, Transient
from reconciler.model.lease import Lease
from reconciler.model.reason import ConditionType, Phase, Reason, Severity, Sync, TriggeredBy
from reconciler.model.state import Outside
from reconciler.model.verdict import Decision

PATIENCE = timedelta(seconds=5)
"""Whoever looks after what is live has the lease for a moment each minute; the next tick is a minute away."""

_SETTLED = (Outcome.IDLE, Outcome.APPLIED)
_CONCERNS = (
    ConditionType.FETCH_FAILED,
    ConditionType.STALLED,
    ConditionType.RECONCILING,
    ConditionType.DRIFTED,
)


def tick(world: World, environment: str, triggered_by: TriggeredBy) -> TickResult:
    """Look at one environment once.

    Raises ``Terminal`` only if our own table refuses us: then nobody can be told but by the dead letters.
    Anything else that is raised is our bug.
    """
    try:
        lease = acquired(world, environment, PATIENCE)
    except Conflict as conflict:
        return TickResult(Outcome.CONTENDED, str(conflict))
    except Transient as error:
        return TickResult(Outcome.RETRY, str(error))
    try:
        return _under(lease, world, triggered_by)
    except Conflict as conflict:
        return TickResult(Outcome.CONTENDED, str(conflict))
    except Transient as error:
        return TickResult(Outcome.RETRY, str(error))
    finally:
        # A lease that cannot be given back runs out by itself.
        with contextlib.suppress(Transient, Terminal):
            world.store.release(lease, ticked=True)


def _under(lease: Lease, world: World, triggered_by: TriggeredBy) -> TickResult:
    session = Session(world, lease, before := world.store.load(lease.environment))
    note_revert(world, session)
    result = _Tick(world, session, triggered_by).run()
    if result.outcome in _SETTLED and promote_by_policy(world, session):
        result = replace(result, message=f"{result.message} Promoted what was verified before.")
    follow_revert(world, session)
    try_again(world, session)
    remember_rehearsal(world, session)
    settle_accounts(world, session)
    outage = reachable(session.state, result.message if result.outcome is Outcome.RETRY else "", session.now)
    for finding in (outage, open_for_long(session.state, session.now)):
        if finding is not None:
            session.report(finding, session.state.last_attempted_revision)
    result = replace(result, figures=delivered(before, session.state))
    try:
        session.publish()
    except (Transient, Terminal) as error:
        # They are kept, and delivered by a later tick; what was done is done.
        return replace(result, trouble=f"Events are not delivered yet. {error}")
    return result


class _Tick:
    def __init__(self, world: World, session: Session, triggered_by: TriggeredBy) -> None:
        self._world = world
        self._session = session
        self._triggered_by = triggered_by

    def run(self) -> TickResult:
        try:
            tip = self._world.repo.tip()
        except (Transient, Terminal) as error:
            return self._without_tip(error)
        if self._nothing_to_do(tip):
            return TickResult(Outcome.IDLE, "Nothing to do.")
        if self._triggered_by is TriggeredBy.MANUAL:
            # A person who asks for a tick asks for another try.
            fresh = self._session.state.model_copy(update={"rejected": {}, "waiting": {}, "outside": None})
            self._session.commit(fresh)
        try:
            wanted = at_revision(self._world, self._session.state, tip)
            admitted = admission(self._world, self._session.state, wanted)
        except Transient as error:
            return self._without_tip(error)
        except Terminal as error:
            self._report_stalled(tip, error)
            return self._stay(TickResult(Outcome.STALLED, str(error)), tip)
        self._report_readable(tip)
        if admitted.waiting:
            self._report_outside(wanted, admitted)
        else:
            self._report_admitted(tip, admitted)
        going = course(self._world, self._session.state, wanted, admitted)
        waits = TickResult(Outcome.WAITING, _admitted(admitted).message)
        if going is None:
            return self._stay(waits, tip)
        operations = Operations(
            self._world, self._session, going.wanted, at_tip=going.whole, admitted=going.admitted
        )
        result = apply(operations, self._triggered_by)
        return result if going.whole else waits

    def _nothing_to_do(self, tip: str) -> bool:
        """The usual case, decided with as few calls as can be: one more than reading tip and state."""
        state = self._session.state
        if state.applied is None or state.applied.revision != tip or state.intents:
            return False
        settled = state.operation is None or state.operation.phase is Phase.SUCCEEDED
        concerned = any(condition.status for kind, condition in state.conditions.items() if kind in _CONCERNS)
        verified = all(live.verified for live in state.live.values())
        if not settled or concerned or not verified or state.fences:
            return False
        try:
            target = self._world.target(state.applied.desired.environment)
            listing = target.folder.list()
        except (Transient, Terminal):
            return False  # the long way round reports it
        return not drifted_keys(state, listing) and not outdated_support(state, target.support_digests)

    def _without_tip(self, error: ReconcilerError) -> TickResult:
        """Git or the artifact store does not answer: what was accepted stays in force, and is kept so."""
        finding = Finding(
            type=ConditionType.FETCH_FAILED,
            status=True,
            reason=Reason.GIT_OPERATION_FAILED if isinstance(error, Transient) else error.reason,
            message=f"What is wanted cannot be read; what is live stays as it is. {error}",
            severity=Severity.WARNING if isinstance(error, Transient) else Severity.ERROR,
        )
        self._session.report(finding, self._session.state.last_attempted_revision)
        return self._stay(TickResult(Outcome.RETRY, str(error)))

    def _report_outside(self, wanted: Wanted, admitted: Admission) -> None:
        """Nothing of the tip is begun; what the other gates would say of it is told already."""
        session, tip, finding = self._session, wanted.revision, _admitted(admitted)
        well = [
            finding.model_copy(update={"type": kind, "status": status})
            for kind, status in (
                (ConditionType.SOURCE_VERIFIED, admitted.source.decision is Decision.GO),
                (ConditionType.STALLED, False),
                (ConditionType.READY, False),
            )
        ]
        state = with_conditions(session.state, well, tip, session.now)
        change = proposed(state, wanted).digest
        known = waiting_outside(state, change)
        outside = Outside(
            revision=tip,
            change=change,
            gates=(*admitted.verdicts, *would_say(self._world, state, wanted)),
            waiting=waiting(admitted.verdicts, known, wanted.release.id, session.now),
        )
        update = {"last_attempted_revision": tip, "sync": Sync.OUT_OF_SYNC, "outside": outside}
        session.report(finding, tip, state.model_copy(update=update))

    def _report_admitted(self, tip: str, admitted: Admission) -> None:
        """Tell who approved, or that nothing is waited for any more; told once."""
        if self._session.state.outside is not None:
            self._session.commit(self._session.state.model_copy(update={"outside": None}))
        waited = self._session.state.conditions.get(ConditionType.ADMITTED)
        by_people = admitted.approval.reason is not Reason.GATE_OPEN
        if by_people or (waited is not None and waited.status is False):
            self._session.report(_admitted(admitted), tip)

    def _stay(self, result: TickResult, tip: str | None = None) -> TickResult:
        """Keep what was accepted as it is, drift put back and all. What the tip holds is held even so."""
        try:
            wanted = as_accepted(self._world, self._session.state)
            if wanted is not None and tip is not None:
                wanted = held_by(self._world, wanted, tip)
        except (Transient, Terminal) as error:
            # The artifact store does not answer either, which was told: nothing more can be done.
            with contextlib.suppress(Transient, Terminal):
                let_go(self._world, self._session, error)
            return result
        if wanted is not None:
            operations = Operations(self._world, self._session, wanted, at_tip=False)
            apply(operations, self._triggered_by)
        return result

    def _report_stalled(self, tip: str, error: Terminal) -> None:
        message = f"Commit {tip[:10]} cannot be applied; what is live stays as it is. {_in_a_line(error)}"
        untrue = [ConditionType.READY]
        if error.reason is Reason.REVISION_NOT_DESCENDANT:
            untrue.append(ConditionType.SOURCE_VERIFIED)
        findings = [Finding(type=kind, status=False, reason=error.reason, message=message) for kind in untrue]
        state = with_conditions(self._session.state, findings, tip, self._session.now)
        # What waited before is told of no more; since when it did is remembered, if it is asked for again.
        outside = state.outside.model_copy(update={"gates": ()}) if state.outside is not None else None
        update = {"last_attempted_revision": tip, "sync": Sync.OUT_OF_SYNC, "outside": outside}
        state = state.model_copy(update=update)
        stalled = Finding(
            type=ConditionType.STALLED,
            status=True,
            reason=error.reason,
            message=message,
            severity=Severity.ERROR,
            told=self._is_news(tip, error),
        )
        self._session.report(stalled, tip, state)

    def _is_news(self, tip: str, error: Terminal) -> bool:
        """A commit for another environment leaves the files as they are; what is wrong with them was told."""
        state = self._session.state
        before, stalled = state.last_attempted_revision, state.conditions.get(ConditionType.STALLED)
        if (
            before is None
            or stalled is None
            or not stalled.status
            or not stalled.message.endswith(_in_a_line(error))
        ):
            return True
        with contextlib.suppress(Transient, Terminal):
            return self._own_files(before) != self._own_files(tip)
        return True

    def _own_files(self, revision: str) -> dict[str, bytes]:
        """What a commit says of this environment, and of all."""
        own = f"{self._session.state.environment}/"
        files = self._world.repo.files(revision).items()
        return {path: body for path, body in files if path.startswith(own) or "/" not in path}

    def _report_readable(self, tip: str) -> None:
        condition = self._session.state.conditions.get(ConditionType.FETCH_FAILED)
        if condition is not None and condition.status:
            message = "The environment repo and the artifact store can be read again."
            reason = Reason.RECONCILIATION_SUCCEEDED
            finding = Finding(type=ConditionType.FETCH_FAILED, status=False, reason=reason, message=message)
            self._session.report(finding, tip)


def _in_a_line(error: Terminal) -> str:
    """What is wrong, and what to do; several problems one after the other."""
    return f"{'; '.join(error.message.splitlines())} {error.remedy}".strip()


def _admitted(admission: Admission) -> Finding:
    """What is waited for; or, if nothing is, who let it pass."""
    told = admission.waiting or (admission.approval,)
    loud = told[0].reason in {Reason.BREAK_GLASS_USED, Reason.GATE_TIMED_OUT, Reason.REVERTER_REFUSED}
    return Finding(
        type=ConditionType.ADMITTED,
        status=not admission.waiting,
        reason=told[0].reason,
        message=" ".join(one.message for one in told),
        severity=Severity.ERROR if loud else Severity.INFO,
        evidence=tuple(line for one in told for line in one.evidence),
    )

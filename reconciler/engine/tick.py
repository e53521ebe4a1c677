"""One short look at one environment: read what is wanted, observe what is live, do what may be done now.

Called for every hint (a push, the sweep, a person). Level-triggered: nothing of the hint is remembered, a
newer commit supersedes an older one by itself, and a tick that died is simply continued by the next.
"""

from __future__ import annotations

from reconciler.core.diff import drifted_keys
from reconciler.core.transitions import Finding
from reconciler.engine.apply import apply
from reconciler.engine.desired import Wanted, as_accepted, at_revision
from reconciler.engine.session import Session
from reconciler.engine.world import Outcome, TickResult, World
from reconciler.model.errors import Conflict, ReconcilerError, Terminal, Transient
from reconciler.model.reason import ConditionType, Phase, Reason, Severity, TriggeredBy

_CONCERNS = (
    ConditionType.FETCH_FAILED,
    ConditionType.STALLED,
    ConditionType.RECONCILING,
    ConditionType.DRIFTED,
)


def tick(world: World, environment: str, triggered_by: TriggeredBy) -> TickResult:
    """Look at one environment once. Raises nothing that is understood; anything else is our bug."""
    try:
        lease = world.store.acquire(environment, world.holder, world.lease_seconds)
    except Conflict as conflict:
        return TickResult(Outcome.CONTENDED, str(conflict))
    try:
        session = Session(world, lease, world.store.load(environment))
        result = _Tick(world, session, triggered_by).run()
        session.publish()
        return result
    except Conflict as conflict:
        return TickResult(Outcome.CONTENDED, str(conflict))
    except Transient as error:
        return TickResult(Outcome.RETRY, str(error))
    finally:
        world.store.release(lease)


class _Tick:
    def __init__(self, world: World, session: Session, triggered_by: TriggeredBy) -> None:
        self._world = world
        self._session = session
        self._triggered_by = triggered_by

    def run(self) -> TickResult:
        try:
            tip = self._world.repo.tip()
        except (Transient, Terminal) as error:
            self._report_fetch_failed(error)
            return TickResult(Outcome.RETRY, str(error))
        if self._nothing_to_do(tip):
            return TickResult(Outcome.IDLE, "Nothing to do.")
        wanted, problem = self._wanted(tip)
        if wanted is None:
            return problem or TickResult(Outcome.STALLED, "Nothing was ever applied here.")
        at_tip = problem is None
        applied = apply(self._world, self._session, wanted, self._triggered_by, at_tip)
        return problem or applied

    def _nothing_to_do(self, tip: str) -> bool:
        """The usual case, decided with as few calls as can be: one more than reading tip and state."""
        state = self._session.state
        if state.applied is None or state.applied.revision != tip or state.intents:
            return False
        settled = state.operation is None or state.operation.phase is Phase.SUCCEEDED
        concerned = any(condition.status for kind, condition in state.conditions.items() if kind in _CONCERNS)
        if not settled or concerned or not all(live.verified for live in state.live.values()):
            return False
        try:
            listing = self._world.target(state.applied.desired.environment).folder.list()
        except (Transient, Terminal):
            return False
        return not drifted_keys(state, listing)

    def _wanted(self, tip: str) -> tuple[Wanted | None, TickResult | None]:
        """What to go to; with a tip that cannot be applied, what was accepted, and what is wrong."""
        state = self._session.state
        try:
            wanted = at_revision(self._world, state, tip)
        except Terminal as error:
            self._report_stalled(tip, error)
            return self._fallback(), TickResult(Outcome.STALLED, str(error))
        except Transient as error:
            self._report_fetch_failed(error)
            return None, TickResult(Outcome.RETRY, str(error))
        return wanted, None

    def _fallback(self) -> Wanted | None:
        try:
            return as_accepted(self._world, self._session.state)
        except (Transient, Terminal) as error:
            self._report_fetch_failed(error)
            return None

    def _report_stalled(self, tip: str, error: Terminal) -> None:
        state = self._session.state.model_copy(update={"last_attempted_revision": tip})
        finding = Finding(
            type=ConditionType.STALLED,
            status=True,
            reason=error.reason,
            message=f"Commit {tip[:10]} cannot be applied; what is live stays as it is. {error}",
            severity=Severity.ERROR,
        )
        self._session.report(finding, tip, state)

    def _report_fetch_failed(self, error: ReconcilerError) -> None:
        finding = Finding(
            type=ConditionType.FETCH_FAILED,
            status=True,
            reason=Reason.GIT_OPERATION_FAILED if isinstance(error, Transient) else error.reason,
            message=f"What is wanted cannot be read; what is live stays as it is. {error}",
            severity=Severity.WARNING if isinstance(error, Transient) else Severity.ERROR,
        )
        self._session.report(finding, self._session.state.last_attempted_revision)

"""After a revert: runs that failed on what was taken back run again, and people are told when it is well.

Every tick looks whether the next part of it can be done; each part is written down, so that it is done once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from reconciler.core import aftermath
from reconciler.core.aftermath_words import not_through, through
from reconciler.core.clearing import LOOKED_AT, Failed, cleared_all, failed, given_up
from reconciler.core.findings import News, event_of
from reconciler.core.making_up import PATIENCE
from reconciler.engine.executor import execute
from reconciler.engine.session import Session
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.plan import ClearRuns, Plan
from reconciler.model.state import Applied
from reconciler.model.watch import Revert


def note_revert(world: World, session: Session) -> None:
    """Before a revert is applied: write down what nobody can tell any more after it.

    What cannot be read now is by a later tick; nothing can be flipped without the same release.
    """
    state, revert = session.state, aftermath.open_revert(session.state)
    if revert is None or revert.ran is not None or aftermath.is_begun(state, revert):
        return
    with contextlib.suppress(Transient, Terminal):
        to = world.artifacts.release(revert.to)
        if to is not None:
            session.commit(aftermath.with_revert(state, aftermath.noted(state, revert, to)))


def follow_revert(world: World, session: Session) -> None:
    """After a tick has done what it could: take the next part. What cannot be had now is by a later tick."""
    revert = aftermath.open_revert(session.state)
    if revert is None or revert.commit is None or session.over:
        return
    if aftermath.is_over(session.state, revert):
        _keep(session, revert.model_copy(update={"over_at": session.now}))
        return
    with contextlib.suppress(Transient, Terminal):
        if revert.live_at is None and aftermath.is_live(session.state, revert):
            session.commit(aftermath.went_live(session.state, _dated(world, revert), session.now))
        _clear(world, session)
    _tell(session)


def _dated(world: World, revert: Revert) -> Revert:
    """With the time of its commit, where that was not written down."""
    if revert.committed_at is not None or revert.commit is None:
        return revert
    return revert.model_copy(update={"committed_at": world.repo.commit(revert.commit).at})


def _tell(session: Session) -> None:
    """That it is through, once; or, once, that it is not for long."""
    state, revert, now = session.state, aftermath.open_revert(session.state), session.now
    if revert is None or state.applied is None:
        return
    spec = state.applied.desired.environment.health
    if revert.cleared_at is not None and aftermath.is_well(state, revert, spec):
        revert = revert.model_copy(update={"verified_at": now})
        _keep(session, revert, through(state, revert))
    elif aftermath.is_late(revert, now):
        _keep(session, revert.model_copy(update={"late_at": now}), not_through(state, revert, now))


def _keep(session: Session, revert: Revert, news: News | None = None) -> None:
    state = aftermath.with_revert(session.state, revert)
    told = (event_of(news, state, revert.commit),) if news is not None else ()
    session.commit(state, events=told)


def _clear(world: World, session: Session) -> None:
    """Let the runs that failed run again, once; what does not work is tried again for a while."""
    revert, applied = aftermath.open_revert(session.state), session.state.applied
    if revert is None or revert.live_at is None or revert.cleared_at is not None or applied is None:
        return
    until = revert.live_at + PATIENCE
    _Clearing(world, session, applied, until).clear(revert)


@dataclass(frozen=True)
class _Clearing:
    """Clears what failed, and gives up what cannot be ``until`` then."""

    world: World
    session: Session
    applied: Applied
    until: datetime

    def clear(self, revert: Revert) -> None:
        if not revert.ran:
            self._done({})
            return
        try:
            found = self._failed(revert)
            left = {**found.left, **self._unwanted(found)}
            obstacle = "" if left.keys() - found.left.keys() or not found.runs else self._run(found)
        except (Transient, Terminal) as error:
            if self._gives_up:
                self._give_up(str(error))
                return
            raise
        if not obstacle:
            self._done(left)
        elif self._gives_up:
            self._give_up(obstacle)

    @property
    def _gives_up(self) -> bool:
        return self.session.now >= self.until

    def _failed(self, revert: Revert) -> Failed:
        """The runs that failed on what was taken back, and run again by nobody's doing."""
        ran, airflow = revert.ran or {}, self.world.target(self.applied.desired.environment).airflow
        since, now = min(ran.values()), self.session.now
        return failed(self.session.state, revert, airflow.ended_runs(sorted(ran), since, now, LOOKED_AT))

    def _unwanted(self, found: Failed) -> dict[str, str]:
        """The runs that the policy leaves to people, a line for each."""
        if self.applied.desired.environment.health.revert.clear_runs:
            return {}
        why = "failed, and health.revert.clearRuns is off"
        keys = [f"{run.dag_id} {run.run_id}" for run in found.runs]
        return {key: f"{key}: {why}" for key in keys}

    def _run(self, found: Failed) -> str:
        """A sentence on why it could not be done; empty if it was."""
        applied, state = self.applied, self.session.state
        if state.accepted is not None and state.accepted.desired.holds.suspended is not None:
            return "The environment is suspended."
        target = self.world.target(applied.desired.environment)
        status = target.airflow.busy()
        if status is not None:
            return f"Airflow's environment is {status}."
        step = ClearRuns(runs=found.runs, patient_until=self.until)
        plan = Plan(
            environment=state.environment, revision=applied.revision, release=applied.release, steps=(step,)
        )
        waiting = execute(self.session, target, plan, {}).waiting
        return "No tick had the time for it." if waiting else ""

    def _give_up(self, why: str) -> None:
        """It is left to people; which of them run again after all, nobody can tell."""
        state = self.session.state
        line = f"Failed runs were not cleared, or not all of them. {why}"
        self.session.commit(cleared_all(given_up(state), {"": line}, self.session.now))

    def _done(self, left: dict[str, str]) -> None:
        """Nothing is left to clear. What we set out to clear, and failed no more at a second look, was."""
        self.session.commit(cleared_all(self.session.state, left, self.session.now))

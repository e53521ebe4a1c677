"""Pauses DAGs while they are flipped, un-pauses them, and lets runs of a condemned release begin anew.

Called by `airflow_dags`. Every call may be repeated: a tick that died in the middle is simply continued.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.core.assets import OWED_RUN
from reconciler.core.fencing import TOO_LONG
from reconciler.core.narrative import names
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import AwaitQuiet, Pause, RestartRuns, Straggler, Unpause
from reconciler.model.state import EnvironmentState, Fence, StepResult
from reconciler.ports import Airflow, Clock
from reconciler.targets.callers import each
from reconciler.targets.lease_guard import LeaseGuard

LOOK_AGAIN = timedelta(seconds=1)

MOST = 50
"""Runs of one DAG that are created unasked; for more a person has to decide."""

_NO_MORE = "a run of it was due while it was paused, and Airflow does not mean to start it any more."


@dataclass(frozen=True)
class AirflowFence:
    """The fences around the DAGs of one Airflow."""

    airflow: Airflow
    clock: Clock
    lease: LeaseGuard

    def perform(
        self, step: Pause | AwaitQuiet | Unpause | RestartRuns, state: EnvironmentState
    ) -> StepResult:
        """One step, once. ``wait_until`` says that it is too early."""
        match step:
            case AwaitQuiet():
                early = self.clock.now() < step.until
                message = f"{names(step.dag_ids)}: the pause is taking effect."
                return StepResult(wait_until=step.until if early else None, message=message)
            case Pause():
                return self._pause(step)
            case Unpause():
                return self._unpause(step, state)
            case RestartRuns():
                return self._restart(step)

    def _pause(self, step: Pause) -> StepResult:
        """Pause those that are ours to pause."""
        done, error = each(lambda dag_id: self._set_paused(dag_id, True), step.ours)
        return StepResult(
            paused=frozenset(done) | (step.fences.keys() - set(step.ours)),
            message=f"{names(step.ours)} start no runs while they are flipped.",
            error=error,
        )

    def _restart(self, step: RestartRuns) -> StepResult:
        """Let runs begin anew."""
        done, error = each(self._restart_one, step.runs)
        return StepResult(restarted=tuple(done), message=f"{len(done)} runs begin anew.", error=error)

    def _restart_one(self, run: Straggler) -> None:
        self.lease.check()
        self.airflow.restart_run(run.dag_id, run.run_id)

    def _set_paused(self, dag_id: str, paused: bool) -> None:
        self.lease.check()
        self.airflow.set_paused(dag_id, paused)

    def _unpause(self, step: Unpause, state: EnvironmentState) -> StepResult:
        """Un-pause what we paused, once it is everywhere; first create the runs that were owed meanwhile."""
        now = self.clock.now()
        if now < step.not_before:
            return StepResult(wait_until=step.not_before, message=_waiting(step))
        dags = self.airflow.dags(step.dag_ids)
        ready = [
            dag_id
            for dag_id in step.dag_ids
            if dag_id not in step.expected or _as_expected(dags.get(dag_id), step.expected[dag_id])
        ]
        margin = timedelta(seconds=step.margin_seconds)
        opened, _ = each(
            lambda dag_id: self._open(state.fences[dag_id], dags.get(dag_id), dag_id, margin), ready
        )
        errors = [let_go.error for let_go in opened.values() if let_go.error is not None]
        waits = step.patient and not ready
        return StepResult(
            unfenced=frozenset(dag_id for dag_id, let_go in opened.items() if let_go.error is None),
            created=tuple(line for let_go in opened.values() for line in let_go.created),
            troubles=tuple(let_go.trouble for let_go in opened.values() if let_go.trouble),
            wait_until=now + LOOK_AGAIN if waits else None,
            message=_waiting(step),
            error=errors[0] if errors else None,
        )

    def _open(self, fence: Fence, dag: AirflowDag | None, dag_id: str, margin: timedelta) -> _LetGo:
        """Let one DAG go. What it may be owed and cannot be given must not keep it paused: that is told."""
        if not fence.ours:
            return _LetGo()
        made = _LetGo()
        try:
            made = self._make_up(fence, dag, dag_id, margin)
            self._set_paused(dag_id, False)
            if not made.trouble:
                # What came between that look and the un-pausing; each run is there only once.
                late = self._make_up(fence, self._late(fence, dag_id), dag_id, margin)
                made = _LetGo((*made.created, *late.created), late.trouble)
        except (Transient, Terminal) as error:
            return replace(made, error=error)
        return made

    def _late(self, fence: Fence, dag_id: str) -> AirflowDag | None:
        """The DAG as it is now, if a run of it was due in the meantime."""
        due = fence.next_run_at is None or fence.next_run_at <= self.clock.now()
        return self.airflow.dags([dag_id]).get(dag_id) if due else None

    def _make_up(self, fence: Fence, dag: AirflowDag | None, dag_id: str, margin: timedelta) -> _LetGo:
        """Create the runs that Airflow does not make because the DAG is paused."""
        if dag is None or not dag.active:
            return _LetGo()
        try:
            if dag.by_assets:
                self._by_assets(fence, dag_id, margin)
                return _LetGo()
            return self._by_clock(fence, dag)
        except (Terminal, Transient) as error:
            if isinstance(error, Transient) and self.clock.now() <= fence.opened_at + TOO_LONG:
                raise
            return _LetGo((), f"{dag_id}: a run that was due while it was paused may be missing. {error}")

    def _by_assets(self, fence: Fence, dag_id: str, margin: timedelta) -> None:
        """Airflow drops the asset events of a paused DAG: create the run that they would have made.

        When it was paused is known no better than that it was not before the fence was written down. Events
        from before the pause have made a run of their own, and do not count.
        """
        if self.airflow.owed_by_assets(dag_id, fence.opened_at - margin, self.clock.now() + margin):
            self.lease.check()
            self.airflow.create_run(dag_id, f"{OWED_RUN}{fence.opened_at:%Y-%m-%dT%H:%M:%S}")

    def _by_clock(self, fence: Fence, dag: AirflowDag) -> _LetGo:
        """Of the runs that are due in a pause, Airflow without catchup moves on to the newest: create those.

        The newest too, as it moves on at every parse, and may do so before it has made that run.
        """
        first, following = fence.next_logical_date, dag.next_logical_date
        if first is None or fence.next_run_at is None or fence.next_run_at > self.clock.now():
            return _LetGo()
        if following is None:
            return _LetGo((), f"{dag.dag_id}: {_NO_MORE}")
        if following <= first:
            return _LetGo()
        self.lease.check()
        created = self.airflow.create_missing(dag.dag_id, first, following, MOST)
        return _LetGo(tuple(f"{dag.dag_id}: {date:%Y-%m-%d %H:%M:%S} UTC" for date in created))


@dataclass(frozen=True)
class _LetGo:
    """What came of letting a DAG go: runs created (a line each), what may be missing, and what stopped it."""

    created: tuple[str, ...] = ()
    trouble: str = ""
    error: ReconcilerError | None = None


def _as_expected(dag: AirflowDag | None, release: str | None) -> bool:
    active = dag is not None and dag.active
    return not active if release is None else active and dag is not None and dag.release == release


def _waiting(step: Unpause) -> str:
    return f"{names(step.dag_ids)} may start runs again once the flip is seen everywhere."

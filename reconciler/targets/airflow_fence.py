"""Pauses DAGs while they are flipped, un-pauses them, and lets runs of a condemned release begin anew.

Called by `airflow_dags`. Every call may be repeated: a tick that died in the middle is simply continued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

from reconciler.core.assets import OWED_RUN
from reconciler.core.fencing import TOO_LONG
from reconciler.core.missed_runs import MOST, left_out
from reconciler.core.missed_runs import run_id as missed_run_id
from reconciler.core.narrative import names
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.observation import AirflowDag, DueRun
from reconciler.model.plan import AwaitQuiet, Pause, RestartRuns, Straggler, Unpause
from reconciler.model.state import EnvironmentState, Fence, StepResult
from reconciler.ports import Airflow, Clock
from reconciler.targets.lease_guard import LeaseGuard

CALLERS = 4
"""Calls side by side: MWAA answers about ten a second, to everybody together."""

T = TypeVar("T")
R = TypeVar("R")

LOOK_AGAIN = timedelta(seconds=1)


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
        done, error = _each(lambda dag_id: self._set_paused(dag_id, True), step.ours)
        return StepResult(
            paused=frozenset(done) | (step.fences.keys() - set(step.ours)),
            message=f"{names(step.ours)} start no runs while they are flipped.",
            error=error,
        )

    def _restart(self, step: RestartRuns) -> StepResult:
        """Let runs begin anew."""
        done, error = _each(self._restart_one, step.runs)
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
        done, error = _each(
            lambda dag_id: self._open(state.fences[dag_id], dags.get(dag_id), dag_id, margin), ready
        )
        waits = step.patient and not ready
        return StepResult(
            unfenced=frozenset(done),
            created=tuple(line for made in done.values() for line in made.created),
            troubles=tuple(made.trouble for made in done.values() if made.trouble),
            wait_until=now + LOOK_AGAIN if waits else None,
            message=_waiting(step),
            error=error,
        )

    def _open(self, fence: Fence, dag: AirflowDag | None, dag_id: str, margin: timedelta) -> _Made:
        """Let one DAG go. What it may be owed and cannot be given must not keep it paused: that is told."""
        if not fence.ours:
            return _Made()
        if dag is None or not dag.active:
            self._set_paused(dag_id, False)
            return _Made()
        make_up = self._by_assets if dag.by_assets else self._by_clock
        made = make_up(fence, dag_id, margin)
        self._set_paused(dag_id, False)
        if made.trouble:
            return made
        # What came between that look and the un-pausing; a run has one id, so it is created once.
        late = make_up(fence, dag_id, margin)
        return _Made((*made.created, *late.created), late.trouble)

    def _by_assets(self, fence: Fence, dag_id: str, margin: timedelta) -> _Made:
        """Airflow drops the asset events of a paused DAG: create the run that they would have made.

        When it was paused is known no better than that it was not before the fence was written down. Events
        from before the pause have made a run of their own, and do not count.
        """
        now, run_id = self.clock.now(), f"{OWED_RUN}{fence.opened_at:%Y-%m-%dT%H:%M:%S}"
        try:
            owed = self.airflow.owed_by_assets(dag_id, fence.opened_at - margin, now + margin)
            created = owed and self._create(dag_id, run_id)
        except (Terminal, Transient) as error:
            self._unless_early(error, fence)
            return _Made((), f"{dag_id}: whether asset events came while it was paused is not known. {error}")
        return _Made((f"{dag_id}: {run_id}",) if created else ())

    def _by_clock(self, fence: Fence, dag_id: str, _margin: timedelta) -> _Made:
        """Create the scheduled runs that Airflow leaves out after a pause."""
        runs = left_out(fence, self.clock.now())
        created: list[str] = []
        try:
            for run in runs[-MOST:]:
                if self._create(dag_id, missed_run_id(run), run):
                    created.append(f"{dag_id}: {missed_run_id(run)}")
        except (Terminal, Transient) as error:
            self._unless_early(error, fence)
            return _Made(tuple(created), f"{dag_id}: runs due while it was paused cannot be created. {error}")
        return _Made(tuple(created), _too_many(dag_id, runs[:-MOST]))

    def _create(self, dag_id: str, run_id: str, due: DueRun | None = None) -> bool:
        self.lease.check()
        return self.airflow.create_run(dag_id, run_id, due)

    def _unless_early(self, error: ReconcilerError, fence: Fence) -> None:
        """What passes by itself is waited for, while the fence may be open."""
        if isinstance(error, Transient) and self.clock.now() <= fence.opened_at + TOO_LONG:
            raise error


@dataclass(frozen=True)
class _Made:
    """The runs created for a DAG (``dag_id: run_id``), and what went wrong."""

    created: tuple[str, ...] = ()
    trouble: str = ""


def _too_many(dag_id: str, runs: Sequence[DueRun]) -> str:
    if not runs:
        return ""
    return (
        f"{dag_id}: {len(runs)} more runs were due while it was paused, {runs[0].at:%Y-%m-%d %H:%M} to "
        f"{runs[-1].at:%Y-%m-%d %H:%M} UTC; create those that are needed (`airflow backfill create`)."
    )


def _as_expected(dag: AirflowDag | None, release: str | None) -> bool:
    active = dag is not None and dag.active
    return not active if release is None else active and dag is not None and dag.release == release


def _waiting(step: Unpause) -> str:
    return f"{names(step.dag_ids)} may start runs again once the flip is seen everywhere."


def _each(do: Callable[[T], R], items: Iterable[T]) -> tuple[dict[T, R], ReconcilerError | None]:
    """What came of each where it went well, and what went wrong first: one DAG keeps no other paused."""

    def attempt(item: T) -> tuple[T, R | None, ReconcilerError | None]:
        try:
            return item, do(item), None
        except (Transient, Terminal) as error:
            return item, None, error

    with ThreadPoolExecutor(max_workers=CALLERS) as pool:
        tried = list(pool.map(attempt, items))
    done = {item: cast(R, result) for item, result, error in tried if error is None}
    return done, next((error for _, _, error in tried if error is not None), None)

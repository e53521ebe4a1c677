"""What signals are measured from: the memory of an environment, and what one look has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from reconciler.core.verification.robust import usual_gap
from reconciler.model.health import HealthSpec, SignalName, SignalSpec
from reconciler.model.observation import DagRun
from reconciler.model.seen import EndedRun, Evidence
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Watch

T = TypeVar("T")

OFTEN = timedelta(hours=2)
"""Of a DAG that usually runs again within this time, the next run may be waited for."""

_PARSED = timedelta(seconds=330)


@dataclass(frozen=True)
class Scene:
    """One look at one release. A run is one *since* the change if it began when its DAG was flipped already.

    Others were pinned to the release before: they are what is usual, and so is what they leave behind.
    """

    state: EnvironmentState
    watch: Watch
    health: HealthSpec
    evidence: Evidence

    @property
    def at(self) -> datetime:
        """When it was looked."""
        return self.evidence.at

    @cached_property
    def touched(self) -> Mapping[str, datetime]:
        """The changed DAGs that are live, and from when on each is."""
        return {dag: at for dag, at in sorted(self.watch.touched.items()) if dag in self.state.live}

    @cached_property
    def grace(self) -> timedelta:
        """So long may it take from a flip until Airflow has parsed it."""
        accepted = self.state.accepted
        if accepted is None:
            return _PARSED
        airflow = accepted.desired.environment.airflow
        return timedelta(seconds=airflow.parse_seconds + airflow.clock_margin_seconds)

    def spec(self, name: SignalName) -> SignalSpec:
        """How a signal is judged."""
        return self.health.of(name)

    def window(self, name: SignalName) -> datetime:
        """From when on a signal looks."""
        return self.at - timedelta(minutes=self.spec(name).window_minutes)

    def newest(self, name: SignalName, since: Sequence[T], at: Callable[[T], datetime]) -> list[T]:
        """Of what came since a change, oldest first, that of a signal's window; if all is older, the last.

        So what a DAG that runs seldom did last is not forgotten before it does it again.
        """
        oldest = self.window(name)
        return [one for one in since if at(one) >= oldest] or list(since[-1:])

    def runs_before(self, dag_id: str) -> Sequence[EndedRun]:
        """The ended runs of a DAG that had begun before it changed."""
        return self._runs[dag_id][0]

    def runs_since(self, dag_id: str, name: SignalName | None = None) -> Sequence[EndedRun]:
        """Those that began since, of a signal's window; none that was made to run again by going back."""
        since = self._runs[dag_id][1]
        return self.newest(name, since, lambda run: run.ended_at) if name is not None else since

    def in_flight_since(self, dag_id: str) -> Sequence[DagRun]:
        """The runs in flight that began since a DAG changed."""
        flipped = self.touched[dag_id]
        return [
            run
            for run in self.evidence.in_flight or ()
            if run.dag_id == dag_id and run.started_at is not None and run.started_at >= flipped
        ]

    def is_since(self, dag_id: str, at: datetime) -> bool:
        """Was what a DAG left behind at a time left by its changed code, for certain?

        Not while a run of the release before was in flight as well.
        """
        flipped = self.touched.get(dag_id)
        if flipped is None or at < flipped:
            return False
        return not any(begun <= at <= ended for begun, ended in self._pinned[dag_id])

    def runs_often(self, dag_id: str) -> bool:
        """Does a DAG usually run again within two hours?"""
        return dag_id in self._often

    @cached_property
    def _often(self) -> frozenset[str]:
        gaps = {
            dag_id: usual_gap([run.started_at.timestamp() for run in self.runs_before(dag_id)])
            for dag_id in self.touched
        }
        return frozenset(dag for dag, gap in gaps.items() if gap is not None and gap <= OFTEN.total_seconds())

    @cached_property
    def _runs(self) -> Mapping[str, tuple[list[EndedRun], list[EndedRun]]]:
        """Of each changed DAG, the runs before and since, each once, oldest first."""
        found: dict[str, tuple[list[EndedRun], list[EndedRun]]] = {dag: ([], []) for dag in self.touched}
        again = self._again
        newest = {(run.dag_id, run.run_id): run for run in self.evidence.runs or ()}
        for run in sorted(newest.values(), key=lambda one: one.ended_at):
            if run.dag_id not in found:
                continue
            before, since = found[run.dag_id]
            if run.started_at < self.touched[run.dag_id]:
                before.append(run)
            elif run.run_id not in again.get(run.dag_id, ()):
                since.append(run)
        return found

    @cached_property
    def _again(self) -> Mapping[str, frozenset[str]]:
        """The runs that going back to this release has cleared: of the release that was taken back."""
        cleared = defaultdict[str, set[str]](set)
        for revert in self.state.reverts:
            if revert.to == self.watch.release:
                for dag_id, runs in revert.cleared.items():
                    cleared[dag_id].update(runs)
        return {dag_id: frozenset(runs) for dag_id, runs in cleared.items()}

    @cached_property
    def _pinned(self) -> Mapping[str, Sequence[tuple[datetime, datetime]]]:
        """From when to when runs of the release before were in flight since each DAG changed."""
        found: dict[str, list[tuple[datetime, datetime]]] = {dag: [] for dag in self.touched}
        for dag_id, flipped in self.touched.items():
            ended = ((run.started_at, run.ended_at) for run in self.runs_before(dag_id))
            found[dag_id] += [(begun, end) for begun, end in ended if end >= flipped]
        for run in self.evidence.in_flight or ():
            flipped_at, begun_at = self.touched.get(run.dag_id), run.started_at
            if flipped_at is not None and begun_at is not None and begun_at < flipped_at:
                found[run.dag_id].append((begun_at, self.at))
        return found

"""The API of the simulated Airflow. Each call takes time, before its effect and after it, as over a network.

``mischief`` lets runs start, and asset events come, in the very moments in which that hurts most.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.core.pointer_file import pointer_key
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from tests.race.events import at_time
from tests.race.platform import Platform, every
from tests.race.records import DagRow, Run


class RaceAirflow(Twin):
    """Implements ``ports.Airflow``. ``pauses`` are the seconds for which we kept DAGs paused."""

    def __init__(self, platform: Platform, mischief: float = 0.25) -> None:
        super().__init__()
        self._platform = platform
        self._simulation = platform.simulation
        self._mischief = mischief
        self.pauses: list[tuple[str, float, float]] = []
        self.needless: list[str] = []

    @property
    def paused_by_us(self) -> frozenset[str]:
        """The DAGs that are paused now, and not by a person."""
        return frozenset(row.dag_id for row in self._platform.rows.values() if row.paused and row.ours)

    @port_call
    def dags(self, dag_ids: Sequence[str]) -> dict[str, AirflowDag]:
        """See ``ports.Airflow``."""
        self._travel()
        rows = self._platform.rows
        found = {dag_id: _dag(rows[dag_id]) for dag_id in dag_ids if dag_id in rows}
        self._travel()
        return {dag_id: dag for dag_id, dag in found.items() if dag.last_parsed_at is not None}

    @port_call
    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        self._travel()
        rows = [self._platform.rows[dag_id] for dag_id in dag_ids if dag_id in self._platform.rows]
        found = tuple(_run(run) for row in rows for run in row.in_flight)
        self._travel()
        return found

    @port_call
    def usual_seconds(self, dag_id: str) -> float | None:
        """See ``ports.Airflow``: nobody reads it here."""
        return None

    @port_call
    def clock_runs(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``: the race counts its runs itself."""
        return ()

    @port_call
    def runs_between(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``: nobody asks for it here."""
        return ()

    @port_call
    def options(self) -> None:
        """See ``ports.Airflow``: it does not tell."""

    @port_call
    def import_errors(self) -> Sequence[ImportProblem]:
        """See ``ports.Airflow``."""
        self._travel()
        return tuple(
            ImportProblem(file=pointer_key(row.dag_id), message=row.problem[0], at=at_time(row.problem[1]))
            for row in self._platform.rows.values()
            if row.problem is not None
        )

    @port_call
    def busy(self) -> str | None:
        """See ``ports.Airflow``: never."""
        return None

    @port_call
    def set_paused(self, dag_id: str, paused: bool) -> None:
        """See ``ports.Airflow``."""
        self._travel()
        row = self._platform.rows.get(dag_id)
        if row is None:
            return
        if self._chance(row) < self._mischief:
            self._just_before(row)
            self._travel()
        if paused and not row.paused:
            row.paused, row.ours, row.paused_at = True, True, self._simulation.now
        elif not paused and row.paused:
            self._unpause(row)
        self._travel()

    @port_call
    def restart_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        self._travel()
        for run in self._runs(dag_id):
            if run.run_id == run_id and run.state == "running":
                self._platform.restart(run)
        self._travel()

    @port_call
    def owed_by_assets(self, dag_id: str, after: datetime, until: datetime) -> bool:
        """See ``ports.Airflow``. Events carry the times of Airflow's own clock."""
        self._travel()
        row = self._platform.rows.get(dag_id)
        events = row.events if row is not None else []
        return any(not event.made and after <= event.stamp <= until for event in events)

    @port_call
    def create_missing(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        """See ``ports.Airflow``. Runs of these DAGs are further apart than any pause is long."""
        return ()

    @port_call
    def create_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        self._travel()
        row = self._platform.rows.get(dag_id)
        if row is None or any(run.run_id == run_id for run in self._platform.runs if run.dag_id == dag_id):
            return
        owed = [event for event in row.events if not event.made]
        if not owed:
            self.needless.append(f"{dag_id}: run {run_id} was created, and nothing was owed")
        for event in owed:
            event.made = True
        self._platform.create(row, "manual", run_id)
        self._travel()

    def _unpause(self, row: DagRow) -> None:
        if not row.ours:
            self._platform.violations.append(
                f"{row.dag_id}: un-paused at {self._simulation.now:.1f}, though a person had paused it"
            )
        self.pauses.append((row.dag_id, row.paused_at, self._simulation.now - row.paused_at))
        row.paused = row.ours = False
        self._platform.wake(row)

    def _just_before(self, row: DagRow) -> None:
        """What may happen while the request is on its way."""
        if every(row.dag_id) is None:
            self._platform.asset_event(row.dag_id)
        if row.starts_runs:
            run = self._platform.create(row, "manual", f"manual__{self._simulation.now:.3f}")
            self._platform.start(run)

    def _chance(self, row: DagRow) -> float:
        return self._simulation.random(f"mischief {row.dag_id} {self._simulation.now}").random()

    def _runs(self, dag_id: str) -> list[Run]:
        row = self._platform.rows.get(dag_id)
        return list(row.in_flight) if row is not None else []

    def _travel(self) -> None:
        self._simulation.travel(0.02, 0.4)


def _dag(row: DagRow) -> AirflowDag:
    return AirflowDag(
        dag_id=row.dag_id,
        active=row.active,
        paused=row.paused,
        release=row.release,
        last_parsed_at=at_time(row.parsed_at) if row.parsed_at else None,
        by_assets=every(row.dag_id) is None,
    )


def _run(run: Run) -> DagRun:
    return DagRun(
        dag_id=run.dag_id, run_id=run.run_id, state=run.state, run_type=run.kind, started_at=run.start
    )

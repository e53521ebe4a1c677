"""An Airflow that starts runs by the clock and by assets, as time passes: also while a tick waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from reconciler.adapters.memory import MemoryAirflow, MemoryClock
from reconciler.adapters.memory.airflow import Follow
from reconciler.core.timetable import timetable
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.ports import DagFolder

STEP, PARSE, SETTLED = timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5)
HORIZON = timedelta(days=60)


class PassingClock(MemoryClock):
    """Time that passes in small steps, each of which somebody else sees; it never stands quite still."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.steps: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0.0))

    def advance(self, seconds: float) -> None:
        end = self._now + timedelta(seconds=seconds)
        while self._now < end:
            self._now = min(self._now + STEP, end)
            for step in self.steps:
                step(self._now)


class Scheduler(MemoryAirflow):
    """Runs start when they are due and their DAG is not paused, and end when they have taken their time.

    As Airflow does without catchup: while a DAG is paused, what is due next becomes the newest that was due
    each time its file is parsed; what lay between is left out. An asset event starts a run at once, and is
    dropped by a DAG that is paused; as bad luck has it, one comes in each pause.
    """

    def __init__(
        self,
        follow: Follow,
        calendars: Mapping[str, Mapping[str, str]],
        minutes: Mapping[str, float],
        started_by: Mapping[str, Sequence[str]],
        random: Random,
    ) -> None:
        super().__init__(follow)
        self._tables = {dag_id: timetable(calendar) for dag_id, calendar in calendars.items()}
        self._minutes, self._random = minutes, random
        self._started_by = started_by
        self._to_come: list[tuple[datetime, str]] = []
        self.unused: dict[str, list[datetime]] = {dag_id: [] for dag_id in started_by}
        """When asset events came that no run has used yet, by DAG."""
        self.dropped = 0
        self._due: dict[str, datetime] = {}
        self._ends: dict[tuple[str, str], datetime] = {}
        self._parsed_at = self._changed_at = follow.clock.now()
        self._listing: Mapping[str, str] = {}
        self.history: list[DagRun] = []

    def step(self, now: datetime) -> None:
        """What happens in Airflow up to now."""
        parses = now >= self._parsed_at + PARSE
        if parses:
            self._parse_if_changed(now)
            self._parsed_at = now
        for dag_id in self._parsed:
            self._schedule(dag_id, now, parses)
        ended = [run for run in self._runs if self._ends.get((run.dag_id, run.run_id), now) < now]
        self._runs = [run for run in self._runs if run not in ended]
        for dag_id, starters in self._started_by.items():
            coming = [at for at, consumer in self._to_come if consumer == dag_id and at <= now]
            for _ in range(len(coming) + sum(run.dag_id in starters for run in ended)):
                self._asset_event(dag_id, now)
        self._to_come = [(at, consumer) for at, consumer in self._to_come if at > now]

    def _asset_event(self, dag_id: str, now: datetime) -> None:
        if dag_id not in self._parsed:
            return
        self.unused[dag_id].append(now)
        if self._paused.get(dag_id):
            self.dropped += 1
        else:
            self._use_events(dag_id, now, "asset_triggered", f"asset_triggered__{now.isoformat()}")

    def _use_events(self, dag_id: str, now: datetime, kind: str, run_id: str) -> None:
        self.unused[dag_id].clear()
        self._set_going(
            DagRun(dag_id=dag_id, run_id=run_id, state="running", run_type=kind, started_at=now), now
        )

    def _parse_if_changed(self, now: datetime) -> None:
        """What was parsed long after it was written reads the same each time."""
        listing = self._folder().list()
        if listing != self._listing:
            self._listing, self._changed_at = listing, now
        if now < self._changed_at + SETTLED:
            self._parse()

    def _schedule(self, dag_id: str, now: datetime, parses: bool) -> None:
        if dag_id not in self._due:
            self._due[dag_id] = self._following(dag_id, now)
        due = self._due[dag_id]
        if due > now:
            return
        if not self._paused.get(dag_id):
            self._start(dag_id, due, now, "scheduled")
            self._due[dag_id] = self._following(dag_id, due)
        elif parses:
            while (following := self._following(dag_id, self._due[dag_id])) <= now:
                self._due[dag_id] = following

    def _following(self, dag_id: str, after: datetime) -> datetime:
        table = self._tables[dag_id]
        moments = table.due(after, after + HORIZON) if table is not None else iter(())
        return next(moments, after + HORIZON)

    def _start(self, dag_id: str, due: datetime, now: datetime, kind: str) -> None:
        run = DagRun(
            dag_id=dag_id,
            run_id=f"{kind}__{due.isoformat()}",
            state="running",
            run_type=kind,
            started_at=now,
            due_at=due,
        )
        self._set_going(run, now)

    def _set_going(self, run: DagRun, now: datetime) -> None:
        self.history.append(run)
        self._runs.append(run)
        takes = self._minutes[run.dag_id] * self._random.uniform(0.5, 1.3)
        self._ends[run.dag_id, run.run_id] = now + timedelta(minutes=takes)

    def set_paused(self, dag_id: str, paused: bool) -> None:
        super().set_paused(dag_id, paused)
        if paused and dag_id in self._started_by:
            within = timedelta(seconds=self._random.uniform(0, 60))
            self._to_come.append((self._clock_now() + within, dag_id))

    def owed_by_assets(self, dag_id: str, after: datetime, until: datetime) -> bool:
        return any(after < at <= until for at in self.unused[dag_id])

    def create_run(self, dag_id: str, run_id: str) -> None:
        if all((run.dag_id, run.run_id) != (dag_id, run_id) for run in self.history):
            self._use_events(dag_id, self._clock_now(), "manual", run_id)

    def create_missing(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        table, there = self._tables[dag_id], {run.due_at for run in self.history if run.dag_id == dag_id}
        now = self._clock_now()
        due = table.due(since - timedelta(seconds=1), min(until, now)) if table is not None else iter(())
        missing = [at for at in due if at not in there]
        for at in missing:
            self._start(dag_id, at, now, "backfill")
        return missing

    def clock_runs(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        return [
            run
            for run in self.history
            if run.dag_id in dag_ids and run.due_at is not None and since <= run.due_at <= until
        ]

    def _as_it_is(self, dag: AirflowDag) -> AirflowDag:
        due = self._due.get(dag.dag_id)
        paused = self._paused.get(dag.dag_id, dag.paused)
        if dag.dag_id in self._started_by:
            return dag.model_copy(update={"paused": paused, "by_assets": True})
        return dag.model_copy(update={"paused": paused, "next_run_at": due, "next_logical_date": due})

    def _clock_now(self) -> datetime:
        return self._followed().clock.now()

    def _folder(self) -> DagFolder:
        return self._followed().folder

    def _followed(self) -> Follow:
        if self._follow is None:
            raise AssertionError("it always follows a folder")
        return self._follow

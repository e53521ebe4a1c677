"""An Airflow as on MWAA, simulated: a DAG processor, a scheduler and workers, each with a copy of the folder.

Follows Airflow where it matters to deployments: the scheduler uses the newest serialized DAG for every run;
pausing a DAG freezes its runs and drops its asset events; a task chooses its release where and when it runs.
``violations`` are what must never happen and is seen at once; the rest is judged from the records; ``calm``
ends the calendar. Each run and each DAG draws from a random source of its own, so that calls made side by
side have no order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from zlib import crc32

from reconciler.core.pointer_file import pointer_key, release_key
from tests.race.catalog import Catalog, DagSpec
from tests.race.choice import SOON, Entry, call_of
from tests.race.events import Simulation
from tests.race.folder import Container, PastFolder
from tests.race.records import AssetEvent, DagRow, Run, TaskRecord

WORKERS = 3
RUNS_AT_ONCE = 3
QUIET = 180.0
"""Seconds after the folder's last change in which every container has it and all of it is due."""


def every(dag_id: str) -> float | None:
    """Seconds between a DAG's scheduled runs; None for one that asset events start."""
    return None if dag_id.startswith("asset") else 900.0 + crc32(dag_id.encode()) % 1800


class Platform:
    """One Airflow. ``excused(dag_id)`` says whether people are to blame if a DAG does not run now."""

    def __init__(
        self,
        simulation: Simulation,
        folder: PastFolder,
        catalog: Catalog,
        sync_seconds: float,
        excused: Callable[[str], bool],
    ) -> None:
        self.simulation = simulation
        self.folder = folder
        self.rows: dict[str, DagRow] = {}
        self.runs: list[Run] = []
        self.violations: list[str] = []
        self.calm = False
        self._catalog = catalog
        self._excused = excused
        self.home = Container("scheduler", folder, simulation, sync_seconds)
        self._workers = [
            Container(f"worker {n}", folder, simulation, sync_seconds) for n in range(1, WORKERS + 1)
        ]
        folder.appeared = self._appeared

    # The DAG processor.

    def _appeared(self, key: str) -> None:
        if key.endswith(".py") and not key.startswith("_"):
            dag_id = key.removesuffix(".py")
            random = self.simulation.random(f"parsing {dag_id}")
            self.simulation.after(random.uniform(0, 30), lambda: self._parse_for_ever(dag_id, random))

    def _parse_for_ever(self, dag_id: str, random: Random) -> None:
        self.simulation.after(random.uniform(18, 30), lambda: self._parse_for_ever(dag_id, random))
        row = self.rows.get(dag_id)
        if row is not None and self.simulation.now - self.folder.last_write > QUIET:
            row.parsed_at = self.simulation.now if row.active else row.parsed_at
        else:
            self._parse(dag_id)

    def _parse(self, dag_id: str) -> None:
        row = self.rows.get(dag_id)
        body = self.home.body(pointer_key(dag_id))
        if body is None:
            if row is not None:
                row.active, row.problem = False, None
            return
        call = call_of(body)
        soon = call.next_due(self.home.clock) if call is not None else None
        if soon is not None and soon.total_seconds() <= SOON:
            self.simulation.after(soon.total_seconds() + 0.001, lambda: self._parse(dag_id))
            return
        entries = call.parsed(self.home.clock) if call is not None else ()
        if call is not None and not entries:
            return
        found = self._imported(self.home, entries, dag_id)
        if found is None or found[1].broken:
            row = row or self._known(dag_id)
            row.problem = ("ImportError: it cannot be imported", self.simulation.now)
            row.active = False
        else:
            self._serialize(row or self._known(dag_id), *found)

    def _known(self, dag_id: str) -> DagRow:
        row = self.rows[dag_id] = DagRow(dag_id)
        due = every(dag_id)
        if due is not None:
            first = self.simulation.random(f"calendar {dag_id}").uniform(0, due)
            self.simulation.after(first, lambda: self._due(row, due))
        return row

    def _serialize(self, row: DagRow, entry: Entry, spec: DagSpec) -> None:
        came_back = not row.active
        row.active, row.problem, row.parsed_at = True, None, self.simulation.now
        row.release, row.tasks = entry[0], spec.tasks
        if came_back:
            self.wake(row)

    def _imported(
        self, container: Container, entries: Sequence[Entry], dag_id: str
    ) -> tuple[Entry, DagSpec] | None:
        """The first entry whose release is whole in a container and defines the DAG."""
        for entry in entries:
            if self._catalog.whole(entry[0], container.body(release_key(entry[0]))):
                spec = self._catalog.spec(entry[0], dag_id)
                return (entry, spec) if spec is not None else None
        return None

    # The scheduler.

    def _due(self, row: DagRow, seconds: float) -> None:
        if self.calm:
            return
        self.simulation.after(seconds, lambda: self._due(row, seconds))
        row.overdue.append((self.simulation.now, self._excused(row.dag_id)))
        self._create_overdue(row)

    def _create_overdue(self, row: DagRow) -> None:
        """Make the runs that are due. Without catch-up these are the first that was missed, and the last."""
        if not (row.starts_runs and row.overdue):
            return
        for at, excused in row.overdue[1:-1]:
            if not excused:
                self.violations.append(f"{row.dag_id}: the scheduled run of {at:.1f} was lost")
        for at, _ in dict.fromkeys((row.overdue[0], row.overdue[-1])):
            self.create(row, "scheduled", f"scheduled__{at:.0f}")
        row.overdue.clear()

    def asset_event(self, dag_id: str) -> None:
        """Data arrives that the DAG is started by."""
        row = self.rows.get(dag_id)
        if row is None:
            return
        event = AssetEvent(self.simulation.now, self.home.clock, excused=self._excused(dag_id))
        row.events.append(event)
        if row.starts_runs:
            self.simulation.after(
                event.stamp.microsecond / 200_000, lambda: self._create_by_assets(row, event)
            )

    def _create_by_assets(self, row: DagRow, event: AssetEvent) -> None:
        if event.made:
            return
        if not row.starts_runs:  # it stays in the queue
            self.simulation.after(3.0, lambda: self._create_by_assets(row, event))
            return
        event.made = True
        self.create(row, "asset_triggered", f"asset_triggered__{event.at:.3f}")

    def create(self, row: DagRow, kind: str, run_id: str) -> Run:
        """Queue a run."""
        random = self.simulation.random(f"{row.dag_id} {run_id}")
        run = Run(row.dag_id, run_id, kind, self.simulation.now, random)
        self.runs.append(run)
        row.in_flight.append(run)
        self.simulation.after(run.random.uniform(0.1, 4), lambda: self.start(run))
        return run

    def start(self, run: Run) -> None:
        """Start a queued run, if its DAG may start runs."""
        row = self.rows[run.dag_id]
        running = sum(other.state == "running" for other in row.in_flight)
        if run.state != "queued" or not row.starts_runs or running >= RUNS_AT_ONCE:
            return
        run.state, run.start, run.started_at = "running", self.home.clock, self.simulation.now
        self._schedule(run, run.life)

    def restart(self, run: Run) -> None:
        """Stop what the run runs, and let it begin anew. It keeps its start, as in Airflow."""
        run.life += 1
        run.frozen = False
        run.done.clear()
        self._schedule_soon(run)

    def wake(self, row: DagRow) -> None:
        """Go on with what waited for the DAG to be un-paused, to come back, or for a run to end."""
        self._create_overdue(row)
        for run in row.in_flight:
            if run.state == "queued":
                self._start_soon(run)
            elif run.frozen:
                run.frozen = False
                self._schedule_soon(run)

    def _start_soon(self, run: Run) -> None:
        self.simulation.after(run.random.uniform(0.1, 4), lambda: self.start(run))

    def _schedule_soon(self, run: Run) -> None:
        life = run.life
        self.simulation.after(run.random.uniform(0.1, 4), lambda: self._schedule(run, life))

    def _schedule(self, run: Run, life: int) -> None:
        """Decide, by the newest serialized DAG, which task is next."""
        if run.life != life:
            return
        row = self.rows[run.dag_id]
        if not row.starts_runs:
            run.frozen = True
            return
        before = run.graphs.setdefault(life, row.tasks)
        if before != row.tasks:
            told = f"at {self.simulation.now:.1f} its graph changed from {before} to {row.tasks}"
            run.changes.append((life, told))
            run.graphs[life] = row.tasks
        left = [task for task in row.tasks if task not in run.done]
        if left:
            self.simulation.after(run.random.uniform(0.2, 15), lambda: self._execute(run, left[0], life))
        else:
            self._end(run)

    def _end(self, run: Run) -> None:
        row = self.rows[run.dag_id]
        run.state, run.ended_at = "success", self.simulation.now
        row.in_flight.remove(run)
        for other in row.in_flight:
            if other.state == "queued":
                self._start_soon(other)

    # The workers.

    def _execute(self, run: Run, task: str, life: int) -> None:
        if run.life != life or run.start is None:
            return
        worker = run.random.choice(self._workers)
        body = worker.body(pointer_key(run.dag_id))
        call = call_of(body) if body is not None else None
        found = self._imported(worker, call.executed(run.start), run.dag_id) if call else None
        if found is None or found[1].broken:
            if found is None:
                run.misses.append(self.simulation.now)
            self.simulation.after(run.random.uniform(15, 40), lambda: self._schedule(run, life))
            return
        (release, *_), spec = found
        run.records.append(
            TaskRecord(
                task, life, self.simulation.now, worker.name, release, spec.tasks, spec.sealed.fingerprint
            )
        )
        self.simulation.after(run.random.uniform(2, 80), lambda: self._finish(run, task, life))

    def _finish(self, run: Run, task: str, life: int) -> None:
        if run.life == life:
            run.done.add(task)
            self._schedule(run, life)

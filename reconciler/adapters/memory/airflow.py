"""Airflow's twin. Given a DAG folder it parses the DAG pointers in it as Airflow and the loader would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.adapters.memory.dag_pointers import due, pointers
from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.errors import Terminal
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.seen import EndedRun, Heartbeats
from reconciler.ports import Clock, DagFolder


@dataclass(frozen=True)
class Follow:
    """A DAG folder to parse, anew at each question, and the time that decides which release is due."""

    folder: DagFolder
    clock: Clock


class MemoryAirflow(Twin):
    """An Airflow whose DAGs, runs, import errors and state a test sets, or that follows a DAG folder.

    ``unparsed`` are DAG ids that it does not get round to parsing; a DAG set with ``set_dag`` stays as set.
    """

    def __init__(self, follow: Follow | None = None) -> None:
        super().__init__()
        self._follow = follow
        self._fixed: dict[str, AirflowDag] = {}
        self._parsed: dict[str, AirflowDag] = {}
        self._runs: list[DagRun] = []
        self._problems: list[ImportProblem] = []
        self._busy: str | None = None
        self._paused: dict[str, bool] = {}
        self._lost: dict[str, datetime] = {}
        self.unparsed: set[str] = set()
        self.pauses: list[tuple[str, bool]] = []
        """Every pause (True) and un-pause, in order."""
        self.restarted: list[tuple[str, str]] = []
        """DAG and run ids, each time that a run in flight was restarted."""
        self.created: list[tuple[str, str]] = []
        """DAG and run ids of the runs created."""
        self.made_up: list[tuple[str, datetime]] = []
        """DAGs and logical dates of the scheduled runs created because Airflow left them out."""
        self.every: timedelta | None = None
        """How often each DAG is due, by the clock, without catchup; None: never."""
        self.set_options: dict[str, str] | None = None
        """What ``options`` tells."""
        self.usual: dict[str, float] = {}
        """How long a run takes, by DAG."""
        self.clocked: list[DagRun] = []
        """The runs that ``clock_runs`` tells of, beside those that were created.

        So does ``runs_between`` of those that have ended, beside the active ones.
        """
        self.ended: list[EndedRun] = []
        """The runs that ended, with their tries; one that is cleared leaves it."""
        self.beats = Heartbeats()
        """What ``heartbeats`` tells."""
        self.cleared: list[tuple[str, str]] = []
        """DAG and run ids of the ended runs whose failed tasks run again."""
        self._next: dict[str, datetime] = {}
        self._scheduled: set[tuple[str, datetime]] = set()

    @port_call
    def dags(self, dag_ids: Sequence[str]) -> dict[str, AirflowDag]:
        """See ``ports.Airflow``."""
        self._parse()
        known = self._parsed | self._fixed
        return {dag_id: self._as_it_is(known[dag_id]) for dag_id in dag_ids if dag_id in known}

    @port_call
    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        return tuple(run for run in self._runs if run.dag_id in dag_ids)

    @port_call
    def usual_seconds(self, dag_id: str) -> float | None:
        """See ``ports.Airflow``."""
        return self.usual.get(dag_id)

    @port_call
    def clock_runs(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        return tuple(
            run
            for run in (*self.clocked, *(_backfill(*made) for made in self.made_up))
            if run.dag_id in dag_ids and run.due_at is not None and since <= run.due_at <= until
        )

    @port_call
    def runs_between(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """See ``ports.Airflow``."""
        ended = (run for run in self.clocked if run.ended_at is not None and run.ended_at >= since)
        return tuple(
            run
            for run in (*self._runs, *ended)
            if run.dag_id in dag_ids and (run.in_flight_from is None or run.in_flight_from <= until)
        )

    @port_call
    def ended_runs(
        self, dag_ids: Sequence[str], since: datetime, until: datetime, newest: int
    ) -> Sequence[EndedRun]:
        """See ``ports.Airflow``."""
        inside = [run for run in self.ended if run.dag_id in dag_ids and since <= run.ended_at <= until]
        inside.sort(key=lambda run: (run.ended_at, run.run_id))
        kept = [run for one in dict.fromkeys(dag_ids) for run in _of(inside, one)[-newest:]]
        kept.sort(key=lambda run: (run.ended_at, run.run_id))
        return tuple(run.model_copy(update={"tries": None}) for run in kept)

    @port_call
    def tries(self, dag_id: str, run_id: str) -> int:
        """See ``ports.Airflow``."""
        return sum(run.tries or 0 for run in _of(self.ended, dag_id) if run.run_id == run_id)

    @port_call
    def heartbeats(self) -> Heartbeats:
        """See ``ports.Airflow``."""
        return self.beats

    @port_call
    def clear_failed(self, dag_id: str, run_id: str) -> bool:
        """See ``ports.Airflow``."""
        failed = [run for run in _of(self.ended, dag_id) if (run.run_id, run.state) == (run_id, "failed")]
        if not failed:
            return False
        self.ended = [run for run in self.ended if run not in failed]
        self.cleared.append((dag_id, run_id))
        self._runs.append(
            DagRun(dag_id=dag_id, run_id=run_id, state="queued", run_type="manual", started_at=None)
        )
        return True

    @port_call
    def import_errors(self) -> Sequence[ImportProblem]:
        """See ``ports.Airflow``."""
        return tuple(self._problems)

    @port_call
    def busy(self) -> str | None:
        """See ``ports.Airflow``."""
        return self._busy

    @port_call
    def options(self) -> Mapping[str, str] | None:
        """See ``ports.Airflow``."""
        return self.set_options

    @port_call
    def set_paused(self, dag_id: str, paused: bool) -> None:
        """See ``ports.Airflow``."""
        following = self._move_on(dag_id)
        if not paused and following is not None and self._follow and following <= self._follow.clock.now():
            self._scheduled.add((dag_id, following))
        self._paused[dag_id] = paused
        self.pauses.append((dag_id, paused))

    @port_call
    def restart_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        if any((run.dag_id, run.run_id) == (dag_id, run_id) for run in self._runs):
            self.restarted.append((dag_id, run_id))

    @port_call
    def owed_by_assets(self, dag_id: str, after: datetime, until: datetime) -> bool:
        """See ``ports.Airflow``."""
        lost = self._lost.get(dag_id)
        return lost is not None and after < lost <= until

    @port_call
    def create_missing(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        """See ``ports.Airflow``."""
        there = {*self.made_up, *self._scheduled, *((run.dag_id, run.due_at) for run in self.clocked)}
        missing = [date for date in self._dates(since, until) if (dag_id, date) not in there]
        if len(missing) > most:
            raise Terminal(f"{len(missing)} runs of {dag_id} are missing.", "Create them.")
        self.made_up += [(dag_id, date) for date in missing]
        return missing

    @port_call
    def create_run(self, dag_id: str, run_id: str) -> None:
        """See ``ports.Airflow``."""
        if (dag_id, run_id) in self.created or any(
            (run.dag_id, run.run_id) == (dag_id, run_id) for run in self._runs
        ):
            return
        self._lost.pop(dag_id, None)
        self.created.append((dag_id, run_id))
        self._runs.append(
            DagRun(dag_id=dag_id, run_id=run_id, state="queued", run_type="manual", started_at=None)
        )

    def lose_assets(self, dag_id: str, at: datetime) -> None:
        """Asset events fulfilled a DAG's condition at this time, and it was paused."""
        self._lost[dag_id] = at

    def set_dag(self, dag: AirflowDag) -> None:
        """Let Airflow know a DAG, whatever is in the folder."""
        self._fixed[dag.dag_id] = dag
        self._paused.pop(dag.dag_id, None)

    def set_runs(self, *runs: DagRun) -> None:
        """These runs, and no others, are active."""
        self._runs = list(runs)

    def set_import_errors(self, *problems: ImportProblem) -> None:
        """These files, and no others, cannot be imported."""
        self._problems = list(problems)

    def set_busy(self, why: str | None) -> None:
        """The environment is being updated, or (None) is not."""
        self._busy = why

    def _as_it_is(self, dag: AirflowDag) -> AirflowDag:
        following = self._move_on(dag.dag_id) or dag.next_logical_date
        paused = self._paused.get(dag.dag_id, dag.paused)
        update = {
            "paused": paused,
            "next_logical_date": following,
            "next_run_at": following or dag.next_run_at,
        }
        return dag.model_copy(update=update)

    def _move_on(self, dag_id: str) -> datetime | None:
        """A DAG's next run: the first one to come or, while it is paused, the newest that was due."""
        if self.every is None or self._follow is None:
            return None
        now = self._follow.clock.now()
        newest = now - (now - datetime.min.replace(tzinfo=UTC)) % self.every
        known = self._next.get(dag_id)
        if not self._paused.get(dag_id) or known is None:
            self._next[dag_id] = newest + self.every
        else:
            self._next[dag_id] = max(known, newest)
        return self._next[dag_id]

    def _dates(self, since: datetime, until: datetime) -> Iterable[datetime]:
        """When runs are due from ``since`` to ``until``, and were by now."""
        if self.every is None or self._follow is None:
            raise Terminal("The DAG has no schedule.", "Schedule it.")
        while since <= min(until, self._follow.clock.now()):
            yield since
            since += self.every

    def _parse(self) -> None:
        if self._follow is None:
            return
        folder, now = self._follow.folder, self._follow.clock.now()
        keys = folder.list()
        bodies = {key: folder.read(key) for key in keys if key.endswith(".py") and not key.startswith("_")}
        found = {}
        for body in bodies.values():
            for pointer in pointers(body or b""):
                dag_id = pointer["dag_id"]
                release = due(pointer, keys, now)
                if dag_id not in self.unparsed and release is not None:
                    found[dag_id] = AirflowDag(
                        dag_id=dag_id, active=True, paused=False, release=release, last_parsed_at=now
                    )
        for dag_id, dag in self._parsed.items():
            if dag_id not in self.unparsed and dag_id not in found:
                found[dag_id] = dag.model_copy(update={"active": False})
        self._parsed |= found


def _of(runs: Sequence[EndedRun], dag_id: str) -> list[EndedRun]:
    return [run for run in runs if run.dag_id == dag_id]


def _backfill(dag_id: str, date: datetime) -> DagRun:
    """A run that was created, as it is at first."""
    run_id = f"backfill__{date.isoformat()}"
    return DagRun(
        dag_id=dag_id, run_id=run_id, state="queued", run_type="backfill", started_at=None, due_at=date
    )

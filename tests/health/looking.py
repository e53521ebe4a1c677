"""One release on the simulated platform, looked at again and again as the real function does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from reconciler.core.trying_again import answered, asked_for
from reconciler.core.verification import judge, missed_runs, record_is_due, wanted
from reconciler.core.verification.wanting import BASELINE, RUNS_BASELINE
from reconciler.model.health import HealthSpec, SignalName, WarehouseRecord
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.plan import DagPointer, HistoryEntry
from reconciler.model.seen import (
    EndedRun,
    Evidence,
    Heartbeats,
    MissedRun,
    Record,
    RecordedLoad,
    RecordedRun,
    RecordedTest,
)
from reconciler.model.state import EnvironmentState, LiveDag
from reconciler.model.watch import Judgement, Watch
from tests.health.simulated import DAGS, DAY, HOUR, MINUTE, Dag, Fault, Mishap, Platform, Ran

SPEC = HealthSpec(record=WarehouseRecord(account="a", user="u", database="DB", key_secret="k"))
RELEASE, OLD = "2" * 16, "1" * 16
BY_NAME = {dag.name: dag for dag in DAGS}
TICK = timedelta(seconds=10)
"""So long after a look that asks for a tick is one over."""

KEPT = 60
"""Rows of each series that are read of the record."""


@dataclass
class Looking:
    """A release that changed ``touched`` at ``flipped``; each ``look`` goes on with the state before.

    ``again``: the runs, by DAG, that a tick has cleared after a look that asked for it.
    """

    platform: Platform
    flipped: datetime
    touched: frozenset[str]
    blips: bool = True
    mishap: Mishap = field(default_factory=Mishap)
    seen: set[str] = field(default_factory=set)
    again: dict[str, Ran] = field(default_factory=dict)
    state: EnvironmentState = field(init=False)

    def __post_init__(self) -> None:
        watch = Watch(
            release=RELEASE,
            revision="b" * 40,
            attempt=1,
            begun_at=self.flipped - MINUTE,
            live_at=self.flipped,
            touched=dict.fromkeys(sorted(self.touched), self.flipped),
        )
        live = {dag.name: _live(dag.name, self.flipped) for dag in DAGS}
        self.state = EnvironmentState(environment="prod", live=live, watch=watch)

    def look(self, at: datetime) -> Judgement:
        """What is judged at a time."""
        self.state = judge(self.state, SPEC, self._evidence(at)).state
        self._tick(at + TICK)
        return self.watch.outcome

    @property
    def waits(self) -> bool:
        """Is a second try under way?"""
        return any(run.ended > (self.watch.checked_at or self.flipped) for run in self.again.values())

    def failing(self) -> list[SignalName]:
        """The signals that have failed, of any severity."""
        return [name for name, tally in self.watch.tallies.items() if tally.outcome is Judgement.FAILED]

    @property
    def watch(self) -> Watch:
        """What is remembered."""
        assert self.state.watch is not None
        return self.state.watch

    def _tick(self, at: datetime) -> None:
        """Clear what the last look wants to see tried once more."""
        asked = asked_for(self.state, at)
        for dag_id in asked:
            runs = self.platform.ran(BY_NAME[dag_id], self.flipped, at)
            first = next(run for run in runs if _id(run) == asked[dag_id].first.run_id)
            self.again[dag_id] = self.platform.again(first, at)
        self.state = answered(self.state, dict.fromkeys(asked, ""), at)

    def _as_it_is(self, run: Ran) -> Ran:
        again = self.again.get(run.dag.name)
        return again if again is not None and again.number == run.number else run

    def _evidence(self, at: datetime) -> Evidence:
        asked = wanted(self.state, SPEC, at)
        before, now = list[Ran](), list[Ran]()
        for name in asked.run_dags:
            dag = BY_NAME[name]
            before += self.platform.ran(dag, self.flipped - RUNS_BASELINE, self.flipped, 100)
            now += map(self._as_it_is, self.platform.ran(dag, self.flipped, at, 60))
        both = [*before, *now]
        ended = tuple(_ended(run) for run in both if run.ended <= at)
        in_flight = tuple(_running(run) for run in both if run.started <= at < run.ended)
        due = record_is_due(self.state, SPEC, ended, in_flight, at)
        return Evidence(
            at=at,
            dags=self._dags(at),
            import_errors=self._import_errors(at),
            runs=ended,
            in_flight=in_flight,
            missed=self._missed(at),
            heartbeats=self._heartbeats(at),
            record=self._record(at) if due else None,
            ticked_at=at,
            calendars={name: _calendar(BY_NAME[name]) for name in asked.run_dags},
        )

    def _fault(self, *faults: Fault) -> bool:
        return self.platform.fault in faults

    def _blip(self, what: str, chance: float) -> bool:
        """Something of a moment: the next look, a minute later, does not see it any more."""
        seen = self.blips and what not in self.seen and self.platform.lot.random() < chance
        (self.seen.add if seen else self.seen.discard)(what)
        return seen

    def _dags(self, at: datetime) -> Mapping[str, AirflowDag]:
        gone = self._fault(Fault.LOST_DAG, Fault.IMPORT_ERROR) and at >= self.flipped + 2 * MINUTE
        missing = self.platform.broken if gone else frozenset()
        return {
            dag.name: AirflowDag(
                dag_id=dag.name,
                active=dag.name not in missing
                and not self.mishap.is_gone(dag.name, at)
                and not self._blip(dag.name, 0.001),
                paused=False,
                release=RELEASE,
                last_parsed_at=at,
                next_run_at=at + HOUR,
            )
            for dag in DAGS
        }

    def _import_errors(self, at: datetime) -> tuple[ImportProblem, ...]:
        bad = self.platform.broken if self._fault(Fault.IMPORT_ERROR) and at > self.flipped else ()
        files = [f"{name}.py" for name in bad] + (["theirs.py"] if at.day % 3 == 0 else [])
        files += ["daily_a.py"] if self._blip("import", 0.01) else []
        return tuple(ImportProblem(file=file, message="ImportError: x", at=at) for file in files)

    def _heartbeats(self, at: datetime) -> Heartbeats:
        def beat(dead: Fault, restart: float) -> datetime:
            if self._fault(dead):
                return min(at, self.flipped + MINUTE)
            if self.mishap.silent_at is not None and self.mishap.is_silent(at):
                return self.mishap.silent_at
            return at - (restart * MINUTE if self._blip(dead, 0.01) else MINUTE / 4)

        return Heartbeats(
            scheduler=beat(Fault.DEAD_SCHEDULER, 2.5), dag_processor=beat(Fault.DEAD_DAG_PROCESSOR, 6)
        )

    def _missed(self, at: datetime) -> tuple[MissedRun, ...]:
        if not self._fault(Fault.MISSED_RUN):
            late = MissedRun(dag_id="daily_a", due_at=at - 5 * MINUTE, exists=False)
            if self.mishap.silent_at is not None and self.mishap.is_silent(at):
                due = self.mishap.silent_at + MINUTE
                return tuple(MissedRun(dag_id=dag, due_at=due, exists=False) for dag in sorted(self.touched))
            return (late,) if self._blip("late", 0.02) else ()
        since, dag = at - 3 * HOUR, BY_NAME[min(self.platform.broken)]
        runs = [_clock(run) for run in self.platform.ran(dag, since, at)]
        return missed_runs(self.state, {dag.name: _calendar(dag)}, runs, {}, since, at)

    def _record(self, at: datetime) -> Record:
        runs, tests, loads = list[RecordedRun](), list[RecordedTest](), list[RecordedLoad]()
        for dag in (BY_NAME[name] for name in sorted(self.touched)):
            done = self.platform.ran(dag, self.flipped - BASELINE, self.flipped, KEPT)
            done += self.platform.ran(dag, self.flipped, at, KEPT)
            done += [self.again[dag.name]] if dag.name in self.again else []
            # What lies on the border of two windows is in both; the real function has it once, too.
            for run in (one for one in dict.fromkeys(done) if one.ended <= at):
                loads += [_load(run)] if run.loads else []
                runs += [] if run.failed else [_written(run)]
                tests += _tests(run)
        return Record(runs=tuple(runs), tests=tuple(tests), loads=tuple(loads))


def _live(name: str, flipped: datetime) -> LiveDag:
    entry = HistoryEntry(release=RELEASE, archive_sha256="0" * 64, file=f"{name}.py", since=flipped)
    pointer = DagPointer(dag_id=name, history=(entry,))
    return LiveDag(pointer=pointer, fingerprint="0" * 32, flipped_at=flipped)


def _id(run: Ran) -> str:
    return f"scheduled__{run.number}"


@lru_cache(maxsize=20_000)
def _ended(run: Ran) -> EndedRun:
    return EndedRun(
        dag_id=run.dag.name,
        run_id=_id(run),
        state="failed" if run.failed else "success",
        started_at=run.started,
        ended_at=run.ended,
        tries=run.tries,
    )


def _running(run: Ran) -> DagRun:
    return DagRun(
        dag_id=run.dag.name, run_id=_id(run), state="running", run_type="scheduled", started_at=run.started
    )


def _clock(run: Ran) -> DagRun:
    return _running(run).model_copy(update={"state": "success", "due_at": run.due, "ended_at": run.ended})


@lru_cache(maxsize=20_000)
def _written(run: Ran) -> RecordedRun:
    return RecordedRun(
        dag_id=run.dag.name,
        run_id=_id(run),
        rows_in=run.rows_in,
        rows_out=run.rows_out,
        state="success",
        started_at=run.started,
        ended_at=run.ended,
    )


@lru_cache(maxsize=20_000)
def _load(run: Ran) -> RecordedLoad:
    return RecordedLoad(
        dag_id=run.dag.name,
        table=f"RAW.{run.dag.name}",
        interval_end=run.due,
        rows=run.rows_out,
        batch=f"{run.dag.name}|{run.number}",
        loaded_at=run.ended,
    )


@lru_cache(maxsize=20_000)
def _tests(run: Ran) -> Sequence[RecordedTest]:
    return tuple(_each_test(run))


def _each_test(run: Ran) -> Iterable[RecordedTest]:
    for rule, (severity, passed) in {**run.tests, "not_null": ("warn", True)}.items():
        yield RecordedTest(
            dag_id=run.dag.name,
            table=f"RAW.{run.dag.name}",
            rule=rule,
            column="",
            severity=severity,
            passed=passed,
            observed="",
            failing=run.failing if rule == "not_null" else None,
            expectation="",
            batch=f"{run.dag.name}|{run.number}",
            checked_at=run.ended,
        )


def _calendar(dag: Dag) -> dict[str, str]:
    return {
        "timetable": '"airflow.timetables.trigger.CronTriggerTimetable"',
        "timetable expression": f'"{_cron(dag)}"',
        "timetable interval": "0.0",
        "timetable timezone": '"UTC"',
    }


def _cron(dag: Dag) -> str:
    minute, hour = dag.offset // MINUTE % 60, dag.offset // HOUR
    if dag.every <= HOUR:
        return f"{minute}/{dag.every // MINUTE} * * * *" if dag.every < HOUR else f"{minute} * * * *"
    if dag.every < DAY:
        return f"{minute} {hour}/{dag.every // HOUR} * * *"
    days = "1-5" if dag.weekdays else "*" if dag.every == DAY else "1"
    return f"{minute} {hour} * * {days}"

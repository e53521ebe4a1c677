"""Gathers what an environment is judged by, in few calls. What cannot be had is said, and holds up nothing.

Called by ``looking``, without the lease: others may work meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from reconciler.core.verification import Wanted, is_amiss, missed_runs, record_is_due, tries_wanted
from reconciler.engine.recollection import Recollection
from reconciler.engine.world import Lookout
from reconciler.model.environment import Environment
from reconciler.model.errors import ReconcilerError, Terminal, Transient
from reconciler.model.health import SignalName
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.seen import EndedRun, Evidence, MissedRun, PlatformMetrics, Record
from reconciler.model.state import EnvironmentState
from reconciler.ports import Airflow, HealthSources

R = TypeVar("R")

TRIES_A_LOOK = 10
"""Of so many runs the tries are asked for in one look; the others' in the next."""

_DAGS = (SignalName.DAGS_PRESENT, SignalName.DAGS_PARSED, SignalName.MISSED_RUNS)
_RUNS = (SignalName.FAILED_RUNS, SignalName.FAILED_TASKS, SignalName.SLOW_RUNS)
_RECORD = (SignalName.DATA_TESTS, SignalName.VOLUME, SignalName.NULL_RATE, SignalName.FRESHNESS)
_IMPORTS, _MISSED = (SignalName.IMPORT_ERRORS,), (SignalName.MISSED_RUNS,)
_BEATS = (SignalName.SCHEDULER, SignalName.DAG_PROCESSOR)


def gather(
    lookout: Lookout,
    state: EnvironmentState,
    environment: Environment,
    wanted: Wanted,
    known: Recollection,
) -> Evidence:
    """All that is wanted, as far as it can be had."""
    airflow = lookout.world.target(environment).airflow
    return _Gathering(
        lookout, state, environment, wanted, known, airflow, lookout.sources(environment)
    ).evidence()


@dataclass
class _Gathering:
    """One gathering. ``silent``: why Airflow is asked nothing more: each question would cost 40 s."""

    lookout: Lookout
    state: EnvironmentState
    environment: Environment
    wanted: Wanted
    known: Recollection
    airflow: Airflow
    sources: HealthSources
    troubles: dict[SignalName, str] = field(default_factory=dict)
    silent: Transient | None = None

    def evidence(self) -> Evidence:
        wanted, airflow = self.wanted, self.airflow
        live = wanted.dag_ids
        dags = self._ask(_DAGS, partial(airflow.dags, live)) if live else None
        errors = self._ask(_IMPORTS, airflow.import_errors) if wanted.import_errors else None
        in_flight = self._ask(_MISSED, partial(airflow.active_runs, live)) if live else None
        runs = self._ask(_RUNS, self._ended) if wanted.run_dags else None
        found = Evidence(
            at=wanted.at,
            dags=dags,
            import_errors=None if errors is None else tuple(errors),
            runs=None if runs is None else self._tried(runs),
            in_flight=None if in_flight is None else tuple(in_flight),
            missed=self._missed(dags, in_flight),
            heartbeats=self._ask(_BEATS, airflow.heartbeats) if wanted.heartbeats else None,
            record=self._record(runs or (), in_flight or ()),
            platform=self._platform(),
            ticked_at=self.known.ticked_at,
            calendars=self._changed(),
            troubles=self.troubles,
        )
        return found.model_copy(update={"busy": self._busy(found)})

    def _busy(self, found: Evidence) -> str | None:
        """What MWAA does, if it matters. Where that cannot be asked, what was seen is taken as it is."""
        if is_amiss(self.state, self.environment.health, found):
            with contextlib.suppress(Transient, Terminal):
                return self.airflow.busy()
        return None

    def _ask(self, signals: Sequence[SignalName], question: Callable[[], R]) -> R | None:
        """An answer of Airflow's, or None and a word for each signal that needs it."""
        try:
            if self.silent is not None:
                raise self.silent
            return question()
        except (Transient, Terminal) as error:
            if isinstance(error, Transient):
                self.silent = error
            self._not_had(signals, error)
            return None

    def _not_had(self, signals: Sequence[SignalName], error: ReconcilerError) -> None:
        for signal in signals:
            self.troubles.setdefault(signal, error.message)

    def _ended(self) -> tuple[EndedRun, ...]:
        found = list[EndedRun]()
        for window in self.wanted.runs:
            dag_ids = self.wanted.run_dags
            ask = partial(self.airflow.ended_runs, dag_ids, window.since, window.until, window.newest)
            found += self.known.settled((dag_ids, window), ask) if window.settled else ask()
        once = {(run.dag_id, run.run_id, run.ended_at): run for run in found}
        return tuple(sorted(once.values(), key=lambda run: run.ended_at))

    def _tried(self, runs: Sequence[EndedRun]) -> tuple[EndedRun, ...]:
        """With the tries of those that matter, as far as they are known by now."""
        spec = self.environment.health
        matter = tries_wanted(self.state, spec, runs)
        asked = [run for run in matter if self.known.tries(run) is None][:TRIES_A_LOOK]

        def ask() -> dict[EndedRun, int]:
            return {run: self.airflow.tries(run.dag_id, run.run_id) for run in asked}

        self.known.keep_tries(self._ask((SignalName.FAILED_TASKS,), ask) or {})
        return tuple(run.model_copy(update={"tries": self.known.tries(run)}) for run in runs)

    def _missed(
        self, dags: Mapping[str, AirflowDag] | None, in_flight: Sequence[DagRun] | None
    ) -> tuple[MissedRun, ...] | None:
        """Asked for in two steps: runs that were in flight only excuse others, and mostly none needs it."""
        since, at, dag_ids = self.wanted.missed_since, self.wanted.at, self.wanted.dag_ids
        if since is None or dags is None or in_flight is None:
            return None

        def compare() -> tuple[MissedRun, ...]:
            calendars = self._calendars()
            runs = [*self.airflow.clock_runs(dag_ids, since, at), *in_flight]
            found = missed_runs(self.state, calendars, runs, dags, since, at)
            if found:
                runs += self.airflow.runs_between(dag_ids, since, at)
                found = missed_runs(self.state, calendars, runs, dags, since, at)
            return found

        return self._ask(_MISSED, compare)

    def _changed(self) -> Mapping[str, Mapping[str, str]]:
        """The calendars of changed DAGs; of those of which they cannot be had, all that may be is awaited."""
        with contextlib.suppress(Transient, Terminal):
            return {dag: it for dag, it in self._calendars().items() if dag in self.wanted.run_dags}
        return {}

    def _calendars(self) -> dict[str, Mapping[str, str]]:
        """When each live DAG is due, as sealed in the release that it is on."""
        on = {dag_id: live.pointer.release for dag_id, live in self.state.live.items()}
        kept = self.known.manifests
        for release in [release for release in kept if release not in on.values()]:
            del kept[release]
        for release in sorted(set(on.values()) - kept.keys()):
            manifest = self.lookout.world.artifacts.release(release)
            if manifest is not None:
                kept[release] = manifest
        return {
            dag_id: kept[release].dags[dag_id].calendar
            for dag_id, release in on.items()
            if release in kept and dag_id in kept[release].dags
        }

    def _record(self, runs: Sequence[EndedRun], in_flight: Sequence[DagRun]) -> Record | None:
        """Of two windows, as only the newest of each series are read: else a DAG that runs often would soon
        have nothing left of before the change.
        """
        wanted, spec, dag_ids = self.wanted, self.environment.health, self.wanted.record_dags
        since, at = wanted.record_since, wanted.at
        if since is None or not record_is_due(self.state, spec, runs, in_flight, at):
            return None
        settled = wanted.record_settled or since
        ask = self.sources.record
        try:
            before = self.known.record((dag_ids, since, settled), partial(ask, dag_ids, since, settled))
            after = ask(dag_ids, settled, at)
        except (Transient, Terminal) as error:
            self._not_had(_RECORD, error)
            return None
        return None if before is None or after is None else _joined(before, after)

    def _platform(self) -> PlatformMetrics | None:
        since, at = self.wanted.platform_since, self.wanted.at
        if since is None:
            return None
        try:
            return self.known.platform(at, lambda: self.sources.platform(since, at))
        except (Transient, Terminal) as error:
            self._not_had((SignalName.PLATFORM,), error)
            return None


def _joined(before: Record, after: Record) -> Record:
    """What lies on the border of two windows is in both."""
    return Record(
        runs=tuple(dict.fromkeys((*before.runs, *after.runs))),
        tests=tuple(dict.fromkeys((*before.tests, *after.tests))),
        loads=tuple(dict.fromkeys((*before.loads, *after.loads))),
    )

"""What one look has to ask for, so that it costs few calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.model.health import HealthSpec, SignalName, Weight
from reconciler.model.observation import DagRun
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value
from reconciler.model.watch import Watch

BASELINE, RUNS_BASELINE = timedelta(days=42), timedelta(days=120)
"""So far back is looked for what was usual: six of each day of the week; and for runs, which seldom fail."""

_BEFORE, _SINCE = 100, 60
"""So many runs of each DAG are looked at, before the change and since."""

_TRIED = 8
"""Runs of a DAG, before the change and since, of which tries are asked for."""

_AGAIN = timedelta(minutes=5)
"""While a run is in flight, tests may write; asked for again after so long."""

_AT_LEAST = timedelta(hours=1)
"""Without any run, what is stale shows by asking this often."""

_BY_RUNS = (SignalName.FAILED_RUNS, SignalName.FAILED_TASKS, SignalName.SLOW_RUNS)
_BY_RECORD = (SignalName.DATA_TESTS, SignalName.VOLUME, SignalName.NULL_RATE, SignalName.FRESHNESS)


class RunWindow(Value):
    """Ask ``ended_runs`` of ``since`` to ``until`` (UTC) for the ``newest`` of each DAG.

    ``settled``: what ended in that time does not change any more, and may be remembered between looks.
    """

    since: datetime
    until: datetime
    newest: int
    settled: bool = False


class Wanted(Value):
    """What to ask, ``at`` a time (UTC), which is the end of each window.

    ``dag_ids``: for ``dags``, ``active_runs``, and from ``missed_since`` on for ``clock_runs`` and
    ``runs_between``: all that are live. ``run_dags``: for ``ended_runs``, one call for each of ``runs``, put
    together in the evidence. ``record_since``: for ``HealthSources.record`` of ``record_dags``, and only if
    ``record_is_due`` says so: a sleeping warehouse is woken by it, which costs money. What it has up to
    ``record_settled`` does not change any more: where only the newest rows of each series are read, ask for
    the time before and after it by themselves, else what was usual is forgotten as time goes by.
    ``platform_since``: for ``HealthSources.platform``. None, or nothing: it is not wanted, as with
    ``heartbeats`` and ``import_errors``.

    What is not wanted, or not due, stays None in the evidence, without a word in ``troubles``; what could not
    be had has one there, under each signal that needs it.
    """

    at: datetime
    dag_ids: tuple[str, ...] = ()
    run_dags: tuple[str, ...] = ()
    runs: tuple[RunWindow, ...] = ()
    missed_since: datetime | None = None
    record_dags: tuple[str, ...] = ()
    record_since: datetime | None = None
    record_settled: datetime | None = None
    platform_since: datetime | None = None
    heartbeats: bool = False
    import_errors: bool = True


def wanted(state: EnvironmentState, spec: HealthSpec, now: datetime) -> Wanted:
    """What to ask for, to judge what is live ``now``. Without a watch it is only what is remembered."""
    watch = state.watch
    if watch is None:
        return Wanted(at=now)
    live = tuple(sorted(state.live))
    touched = tuple(dag_id for dag_id in live if dag_id in watch.touched)
    by_runs = touched if _any_on(spec, (*_BY_RUNS, *_BY_RECORD)) or spec.bake.runs else ()
    by_record = touched if spec.record is not None and touched and _any_on(spec, _BY_RECORD) else ()
    missed, platform = spec.of(SignalName.MISSED_RUNS), spec.of(SignalName.PLATFORM)
    return Wanted(
        at=now,
        dag_ids=live,
        run_dags=by_runs,
        runs=_windows(watch, touched, now) if by_runs else (),
        missed_since=_before(now, missed.window_minutes) if missed.severity is not Weight.OFF else None,
        record_dags=by_record,
        record_since=watch.begun_at - BASELINE if by_record else None,
        record_settled=min(map(watch.touched.__getitem__, touched)) if by_record else None,
        platform_since=_before(now, platform.window_minutes) if platform.severity is not Weight.OFF else None,
        heartbeats=_any_on(spec, (SignalName.SCHEDULER, SignalName.DAG_PROCESSOR)),
        import_errors=True,
    )


def _windows(watch: Watch, touched: Sequence[str], now: datetime) -> tuple[RunWindow, ...]:
    flipped = min(watch.touched[dag_id] for dag_id in touched)
    before = RunWindow(
        since=flipped - RUNS_BASELINE, until=min(flipped, now), newest=_BEFORE, settled=flipped <= now
    )
    since = RunWindow(since=flipped, until=now, newest=_SINCE)
    return (before, since) if flipped < now else (before,)


def _before(now: datetime, minutes: float) -> datetime:
    return now - timedelta(minutes=minutes)


def _any_on(spec: HealthSpec, names: Sequence[SignalName]) -> bool:
    return any(spec.of(name).severity is not Weight.OFF for name in names)


def tries_wanted(state: EnvironmentState, spec: HealthSpec, runs: Sequence[EndedRun]) -> tuple[EndedRun, ...]:
    """Those of the ended ``runs`` whose ``tries`` matter, the most important first.

    Tries of a run that ended never change: whoever asks may remember them, and ask for a few at a time. Of a
    DAG that has not run since it changed none matter.
    """
    watch = state.watch
    if watch is None or spec.of(SignalName.FAILED_TASKS).severity is Weight.OFF:
        return ()
    after, before = list[EndedRun](), list[EndedRun]()
    for dag_id, flipped in sorted(watch.touched.items()):
        own = sorted((run for run in runs if run.dag_id == dag_id), key=lambda run: run.ended_at)
        newer = [run for run in own if run.started_at >= flipped][-_TRIED:]
        if newer:
            after += newer
            before += [run for run in own if run.started_at < flipped][-_TRIED:]
    return (*after, *before)


def record_is_due(
    state: EnvironmentState,
    spec: HealthSpec,
    runs: Sequence[EndedRun],
    in_flight: Sequence[DagRun],
    now: datetime,
) -> bool:
    """Can there be anything new in the warehouse's record? Pipelines write there while they run.

    ``runs`` and ``in_flight`` as in the evidence.
    """
    watch = state.watch
    if watch is None or spec.record is None or not watch.touched:
        return False
    last = watch.recorded_at
    if last is None or now - last >= _AT_LEAST:
        return True
    if any(run.dag_id in watch.touched and run.ended_at > last for run in runs):
        return True
    return now - last >= _AGAIN and any(run.dag_id in watch.touched for run in in_flight)

"""Do as many rows arrive as usual, in what changed DAGs load?

Two questions. What a run makes of the rows that it reads does not depend on the day: if that changes, the
code has. How many arrive at all does depend on the day, and on the business: a table that is loaded often is
compared with the hours before, one that is loaded seldom with the same day of other weeks. A holiday looks
the same, so that alone fails no release: it raises doubt, which people are told of and which holds the bake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, log
from statistics import median

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import FEW, distance, spread, unheard_of, usual_gap
from reconciler.core.verification.scene import OFTEN, Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import Record, RecordedLoad
from reconciler.model.watch import Measurement

_LEAST_SHARE, _LEAST_ROWS = 0.05, 0.15
_LAST, _BEFORE = 3, 6
"""Loads after the change, and before it, that are compared."""

_Series = tuple[str, str]
_Share = tuple[datetime, float]


def volume(scene: Scene) -> Measurement | None:
    """In spreads: how far from usual the rows are that runs make of what they read, and those that arrive."""
    name, record = SignalName.VOLUME, scene.evidence.record
    if record is None:
        return unknown(scene, name) if name in scene.evidence.troubles else None
    seen = Sorted()
    _yields(scene, record, seen)
    _arrivals(scene, record, seen)
    return summed_up(
        scene,
        name,
        seen,
        "As many rows arrive as usual.",
        "There are not enough runs to compare how many rows arrive.",
        "has other numbers of rows than before the change",
    )


def _yields(scene: Scene, record: Record, seen: Sorted) -> None:
    spec = scene.spec(SignalName.VOLUME)
    series = defaultdict[str, tuple[list[float], list[_Share]]](lambda: ([], []))
    begun = {(run.dag_id, run.run_id): run.started_at for run in scene.evidence.runs or ()}
    for run in sorted(record.runs, key=lambda one: one.ended_at):
        if run.dag_id not in scene.touched or not run.rows_in or run.rows_out is None:
            continue
        share = log(run.rows_out + 1) - log(run.rows_in + 1)
        started = run.started_at or begun.get((run.dag_id, run.run_id))
        flipped = scene.touched[run.dag_id]
        if (started or run.ended_at) < flipped:
            series[run.dag_id][0].append(share)
        elif started or scene.is_since(run.dag_id, run.ended_at):
            series[run.dag_id][1].append((run.ended_at, share))
    for dag_id, (before, shares) in series.items():
        since = [share for _, share in scene.newest(SignalName.VOLUME, shares, lambda one: one[0])]
        least = 2 if scene.runs_often(dag_id) else 1
        if len(since) < least or len(before) < spec.at_least:
            continue
        # The one nearest to what is usual, of the last: all of them have to be away.
        middle = median(before)
        share = min(since[-least:], key=lambda one: abs(one - middle))
        away = abs(distance(share, before, _LEAST_SHARE))
        seen.saw(away)
        if away > spec.limit and unheard_of(share, before):
            seen.bad[dag_id] = (
                f"{dag_id}: makes {exp(share):.3g} rows of each that it reads, before {exp(middle):.3g}"
            )
        else:
            seen.good.add(dag_id)


def _arrivals(scene: Scene, record: Record, seen: Sorted) -> None:
    spec = scene.spec(SignalName.VOLUME)
    loads = _by_series(record)
    for (dag_id, table), own in loads.items():
        if dag_id not in scene.touched:
            continue
        before, since = _parted(scene, dag_id, own)
        often = _is_frequent(before)
        found = _step(before, _next(before, since)) if often else _season(before, since)
        if found is None or len(before) < spec.at_least:
            continue
        away, told = found.away, f"{table}: {exp(found.more):.2g} times the rows that are usual"
        seen.saw(away)
        seen.dags[table] = dag_id
        if away <= spec.limit or not found.unheard_of:
            seen.good.add(table)
        else:
            seen.doubtful[table] = told


@dataclass(frozen=True)
class _Found:
    """How much more rows (as a logarithm) than usual; how far ``away`` that is, in spreads."""

    more: float
    away: float
    unheard_of: bool


def _season(before: Sequence[RecordedLoad], since: Sequence[RecordedLoad]) -> _Found | None:
    """The last load against those at its time of the week; None where too few of those are known."""
    if not since:
        return None
    more = _more(since[-1], before)
    usual = [one for one in (_more(load, before) for load in before) if one is not None]
    if more is None or len(usual) < FEW:
        return None
    away = abs(more) / spread(usual, _LEAST_ROWS)
    return _Found(more, away, unheard_of(more, usual))


def _more(load: RecordedLoad, among: Sequence[RecordedLoad]) -> float | None:
    """How much more rows than others at that time of the week."""
    end = load.interval_end
    usual = [_log(one) for one in among if one is not load and _same_time(one.interval_end, end)]
    return _log(load) - median(usual) if len(usual) >= FEW else None


def _same_time(one: datetime, other: datetime) -> bool:
    apart = abs(one.hour - other.hour)
    return one.weekday() == other.weekday() and min(apart, 24 - apart) <= 1


def _step(before: Sequence[RecordedLoad], since: Sequence[RecordedLoad]) -> _Found | None:
    """The first loads since the change against the last ones before it, and that against any such time."""
    rows = [*map(_log, before), *map(_log, since)]
    if not since or len(before) < _BEFORE + _LAST + FEW:
        return None
    usual = [_stepped(rows, at) for at in range(_BEFORE, len(before) - _LAST + 1)]
    more = _stepped(rows, len(before))
    away = abs(more - median(usual)) / spread(usual, _LEAST_ROWS)
    return _Found(more, away, unheard_of(more, usual))


def _next(before: Sequence[RecordedLoad], since: Sequence[RecordedLoad]) -> Sequence[RecordedLoad]:
    """The first loads since a change, if there are enough and they follow those before it.

    Of a long time, only the newest are read.
    """
    first, gap = since[:_LAST], usual_gap([load.loaded_at.timestamp() for load in before])
    if gap is None or len(first) < _LAST:
        return ()
    apart = (first[-1].loaded_at - before[-1].loaded_at).total_seconds()
    return first if apart <= 3 * _LAST * gap else ()


def _stepped(rows: Sequence[float], at: int) -> float:
    """How much more rows there are from ``at`` on: what the nearest of the next ones says."""
    level = median(rows[at - _BEFORE : at])
    return min((one - level for one in rows[at : at + _LAST]), key=abs)


def _is_frequent(loads: Sequence[RecordedLoad]) -> bool:
    gap = usual_gap([load.loaded_at.timestamp() for load in loads])
    return gap is not None and gap <= OFTEN.total_seconds() and len(loads) >= _BEFORE


def _by_series(record: Record) -> Mapping[_Series, list[RecordedLoad]]:
    found = defaultdict[_Series, list[RecordedLoad]](list)
    for load in sorted(record.loads, key=lambda one: one.loaded_at):
        if load.rows is not None:
            found[load.dag_id, load.table].append(load)
    return found


def _parted(
    scene: Scene, dag_id: str, loads: Sequence[RecordedLoad]
) -> tuple[list[RecordedLoad], list[RecordedLoad]]:
    flipped = scene.touched[dag_id]
    since = [one for one in loads if scene.is_since(dag_id, one.loaded_at)]
    newest = scene.newest(SignalName.VOLUME, since, lambda one: one.loaded_at)
    return [one for one in loads if one.loaded_at < flipped], newest


def _log(load: RecordedLoad) -> float:
    return log((load.rows or 0) + 1)

"""Do as many rows arrive as usual, in what changed DAGs load?

Two questions. What a run makes of the rows that it reads does not depend on the day: if that changes, the
code has. How many arrive at all does depend on the day, and on the business: that is compared with the same
day of the week, and with what tables got that the release has not touched; a holiday is not its doing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import exp, log
from statistics import median

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import FEW, distance, spread, unheard_of
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import Record, RecordedLoad
from reconciler.model.watch import Measurement

_LEAST_SHARE, _LEAST_ROWS = 0.05, 0.15
_LAST = 3

_Series = tuple[str, str]


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
    spec, oldest = scene.spec(SignalName.VOLUME), scene.window(SignalName.VOLUME)
    series = defaultdict[str, tuple[list[float], list[float]]](lambda: ([], []))
    begun = {(run.dag_id, run.run_id): run.started_at for run in scene.evidence.runs or ()}
    for run in sorted(record.runs, key=lambda one: one.ended_at):
        if run.dag_id not in scene.touched or not run.rows_in or run.rows_out is None:
            continue
        share = log(run.rows_out + 1) - log(run.rows_in + 1)
        started = run.started_at or begun.get((run.dag_id, run.run_id))
        flipped = scene.touched[run.dag_id]
        if (started or run.ended_at) < flipped:
            series[run.dag_id][0].append(share)
        elif run.ended_at >= oldest and (started or scene.is_since(run.dag_id, run.ended_at)):
            series[run.dag_id][1].append(share)
    for dag_id, (before, since) in series.items():
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
    others = _others(scene, loads)
    for (dag_id, table), own in loads.items():
        if dag_id not in scene.touched:
            continue
        before, since = _parted(scene, dag_id, own)
        if not since or len(before) < spec.at_least:
            continue
        usual = [_residual(one, before) for one in before]
        width = spread(usual, _LEAST_ROWS)
        rest = [_residual(one, before) - (others or 0.0) for one in since[-_LAST:]]
        nearest = min(rest, key=abs)
        away = abs(nearest) / width
        seen.saw(away)
        seen.dags[table] = dag_id
        one_sided = all(one > 0 for one in rest) or all(one < 0 for one in rest)
        if away <= spec.limit or not one_sided or not unheard_of(nearest, usual):
            seen.good.add(table)
            continue
        certain = others is not None and len(rest) >= _LAST
        (seen.bad if certain else seen.doubtful)[table] = (
            f"{table}: {exp(nearest):.2g} times the rows that are usual at this time of the week"
        )


def _by_series(record: Record) -> Mapping[_Series, list[RecordedLoad]]:
    found = defaultdict[_Series, list[RecordedLoad]](list)
    for load in sorted(record.loads, key=lambda one: one.loaded_at):
        if load.rows is not None:
            found[load.dag_id, load.table].append(load)
    return found


def _parted(
    scene: Scene, dag_id: str, loads: Sequence[RecordedLoad]
) -> tuple[list[RecordedLoad], list[RecordedLoad]]:
    flipped, oldest = scene.touched[dag_id], scene.window(SignalName.VOLUME)
    since = (one for one in loads if one.loaded_at >= oldest and scene.is_since(dag_id, one.loaded_at))
    return [one for one in loads if one.loaded_at < flipped], list(since)


def _residual(load: RecordedLoad, before: Sequence[RecordedLoad]) -> float:
    """How much more rows (as a logarithm) than usual at that time of the week, or of the day, or at all."""
    others = [one for one in before if one is not load]
    for alike in (_same_hour_of_week, _same_hour, _any):
        usual = [_log(one) for one in others if alike(one.interval_end, load.interval_end)]
        if len(usual) >= FEW:
            return _log(load) - median(usual)
    return 0.0


def _same_hour_of_week(one: datetime, other: datetime) -> bool:
    return one.weekday() == other.weekday() and _same_hour(one, other)


def _same_hour(one: datetime, other: datetime) -> bool:
    apart = abs(one.hour - other.hour)
    return min(apart, 24 - apart) <= 1


def _any(_one: datetime, _other: datetime) -> bool:
    return True


def _others(scene: Scene, loads: Mapping[_Series, Sequence[RecordedLoad]]) -> float | None:
    """How the last loads of tables that the release has not touched were; None: there are too few of them."""
    oldest, found = scene.window(SignalName.VOLUME), list[float]()
    for (dag_id, _), own in loads.items():
        if dag_id in scene.touched:
            continue
        before = [one for one in own if one.loaded_at < scene.watch.begun_at]
        last = [one for one in own if one.loaded_at >= oldest]
        if last and len(before) >= FEW:
            found.append(median(_residual(one, before) for one in last[-_LAST:]))
    return median(found) if len(found) >= FEW else None


def _log(load: RecordedLoad) -> float:
    return log((load.rows or 0) + 1)

"""Do changed DAGs run as they used to: how their runs end, how often tasks are tried, how long they take.

Nothing is measured of a release that changed no DAG.
"""

from __future__ import annotations

from math import exp, log
from statistics import mean, median

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import FEW, LAST, distance, is_news
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.watch import Measurement

_LAST, _OUTLIERS = 3, 20
_LEAST_SECONDS, _LEAST_TRIES = 0.25, 0.67
_START_UP = 5.0


def failed_runs(scene: Scene) -> Measurement | None:
    """The share of failed runs since each DAG changed, against its share before.

    Of a DAG that usually runs again within two hours, the last few runs count, and one failure is none. One
    that failed before as well, or that is not known yet, has to fail more often than that tells.
    """
    name = SignalName.FAILED_RUNS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen, spec = Sorted(), scene.spec(name)
    for dag_id in scene.touched:
        since, often = scene.runs_since(dag_id, name), scene.runs_often(dag_id)
        if len(since) < spec.at_least:
            continue
        before = [run.state == "failed" for run in scene.runs_before(dag_id)]
        failed = [run.state == "failed" for run in since][-LAST if often else 0 :]
        excess = mean(failed) - (mean(before) if before else 0)
        seen.saw(max(excess, 0))
        if excess <= spec.limit or not any(failed):
            seen.good.add(dag_id)
            continue
        which = seen.bad if is_news(failed, before, often=often) else seen.doubtful
        last = next(run for run in reversed(since) if run.state == "failed")
        which[dag_id] = (
            f"{dag_id}: {sum(failed)} of {len(failed)} runs failed since, {sum(before)} of {len(before)} "
            f"before; the last is {last.run_id}"
        )
    return summed_up(
        scene,
        name,
        seen,
        "Runs of changed DAGs end as well as they used to.",
        "No changed DAG has run to its end yet.",
        "fails more often than before the change",
    )


def failed_tasks(scene: Scene) -> Measurement | None:
    """How often tasks are tried again in the last runs of each changed DAG, against the runs before."""
    name = SignalName.FAILED_TASKS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen, spec = Sorted(), scene.spec(name)
    for dag_id in scene.touched:
        since = [run.tries for run in scene.runs_since(dag_id, name) if run.tries is not None][-_LAST:]
        before = [float(run.tries) for run in scene.runs_before(dag_id) if run.tries is not None]
        least = max(spec.at_least, 2 if scene.runs_often(dag_id) else 1)
        if len(since) < least or len(before) < FEW:
            continue
        tries = float(median(since))
        away = distance(tries, before, _LEAST_TRIES)
        seen.saw(max(away, 0))
        if away > spec.limit and tries > max(before):
            seen.bad[dag_id] = f"{dag_id}: tried again {tries:g} times a run, before {median(before):g}"
        else:
            seen.good.add(dag_id)
    return summed_up(
        scene,
        name,
        seen,
        "Tasks of changed DAGs are tried again no more often than before.",
        "There are not enough runs to compare how often tasks are tried again.",
        "has to try its tasks again more often than before the change",
    )


def slow_runs(scene: Scene) -> Measurement | None:
    """How long the last runs of each changed DAG take, those in flight included, against the runs before.

    In spreads of the logarithm: twice as long is as far away whether it is of minutes or of hours.
    """
    name = SignalName.SLOW_RUNS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen, spec = Sorted(), scene.spec(name)
    for dag_id in scene.touched:
        before = [_log(run.seconds) for run in scene.runs_before(dag_id) if run.state == "success"]
        if len(before) < FEW:
            continue
        since = [_log(run.seconds) for run in scene.runs_since(dag_id, name) if run.state == "success"]
        # Of twenty runs one is an outlier: what is rarer than that is slow.
        longest = sorted(before)[-1 - len(before) // _OUTLIERS]
        since += [so_far for so_far in _so_far(scene, dag_id) if so_far > longest]
        last = since[-_LAST:]
        if len(last) < max(spec.at_least, 2 if scene.runs_often(dag_id) else 1):
            continue
        took = median(last)
        away = distance(took, before, _LEAST_SECONDS)
        seen.saw(max(away, 0))
        if away > spec.limit and took > longest:
            times = exp(took - median(before))
            seen.bad[dag_id] = f"{dag_id}: takes {times:.1f} times as long as before the change"
        else:
            seen.good.add(dag_id)
    return summed_up(
        scene,
        name,
        seen,
        "Runs of changed DAGs take no longer than they used to.",
        "There are not enough runs to compare how long they take.",
        "takes longer than before the change",
    )


def _so_far(scene: Scene, dag_id: str) -> list[float]:
    runs = scene.in_flight_since(dag_id)
    return [_log((scene.at - run.started_at).total_seconds()) for run in runs if run.started_at is not None]


def _log(seconds: float) -> float:
    return log(max(seconds, 0) + _START_UP)

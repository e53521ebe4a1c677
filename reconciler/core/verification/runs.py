"""Do changed DAGs run as they used to: how their runs end, how often tasks are tried, how long they take.

Nothing is measured of a release that changed no DAG.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import median

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import FEW, chance, distance, unheard_of
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import EndedRun
from reconciler.model.watch import Measurement

UNLIKELY = 0.02
"""What is less likely than this, if nothing has changed, is not chance."""

KNOWN = 3
"""After so many runs that all ended well, one that fails is news."""

_LAST = 3
_LEAST_SECONDS, _LEAST_TRIES = 0.25, 0.67
_START_UP = 5.0


def failed_runs(scene: Scene) -> Measurement | None:
    """The share of failed runs since each DAG changed, against its share before.

    A DAG that usually runs again within two hours has to fail twice; so has one that failed before as well,
    or that is not known yet.
    """
    name = SignalName.FAILED_RUNS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen, spec = Sorted(), scene.spec(name)
    for dag_id in scene.touched:
        since, before = scene.runs_since(dag_id, name), scene.runs_before(dag_id)
        if len(since) < spec.at_least:
            continue
        failed, of = _failed(since), len(since)
        failed_before, of_before = _failed(before), len(before)
        excess = failed / of - (failed_before / of_before if of_before else 0)
        seen.saw(max(excess, 0))
        if failed == 0 or excess <= spec.limit:
            seen.good.add(dag_id)
            continue
        news = _is_news(scene, dag_id, (failed, of), (failed_before, of_before))
        which = seen.bad if news else seen.doubtful
        last = next(run for run in reversed(since) if run.state == "failed")
        which[dag_id] = (
            f"{dag_id}: {failed} of {of} runs failed since, {failed_before} of {of_before} before; "
            f"the last is {last.run_id}"
        )
    return summed_up(
        scene,
        name,
        seen,
        "Runs of changed DAGs end as well as they used to.",
        "No changed DAG has run to its end yet.",
        "fails more often than before the change",
    )


def _is_news(scene: Scene, dag_id: str, since: tuple[int, int], before: tuple[int, int]) -> bool:
    failed, failed_before, of_before = since[0], *before
    if failed == 1 and scene.runs_often(dag_id):
        return False
    if failed_before == 0 and of_before >= KNOWN:
        return True
    return chance(*since, *before) < UNLIKELY


def _failed(runs: Sequence[EndedRun]) -> int:
    return sum(run.state == "failed" for run in runs)


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
        longest = max(before)
        since += [so_far for so_far in _so_far(scene, dag_id) if so_far > longest]
        last = since[-_LAST:]
        if len(last) < max(spec.at_least, 2 if scene.runs_often(dag_id) else 1):
            continue
        took = median(last)
        away = distance(took, before, _LEAST_SECONDS)
        seen.saw(max(away, 0))
        if away > spec.limit and took > longest and unheard_of(took, before):
            times = 2.718281828 ** (took - median(before))
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

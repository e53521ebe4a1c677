"""Do changed DAGs run as they used to: how their runs end, how often tasks are tried, how long they take.

Nothing is measured of a release that changed no DAG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from statistics import mean, median

from reconciler.core.narrative import names
from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import FEW, LAST, distance, is_news
from reconciler.core.verification.scene import Scene
from reconciler.core.verification.second_try import helped, in_words, is_open, is_retried, outcomes
from reconciler.model.health import SignalName, Weight
from reconciler.model.seen import EndedRun
from reconciler.model.watch import Measurement

_LAST, _OUTLIERS = 3, 20
_LEAST_SECONDS, _LEAST_TRIES = 0.25, 0.67
_START_UP = 5.0


def failed_runs(scene: Scene) -> Measurement | None:
    """The share of failed runs since each DAG changed, against its share before.

    Of a DAG that usually runs again within two hours, the last few runs count, and one failure is none. One
    that failed before as well, or that is not known yet, has to fail more often than that tells. A run that
    is tried once more is in doubt until it ends.
    """
    name = SignalName.FAILED_RUNS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen = Sorted()
    for dag_id, ends in _ends(scene).items():
        seen.saw(max(ends.excess, 0))
        if ends.as_usual:
            seen.good.add(dag_id)
            continue
        which = seen.bad if ends.are_news and not is_open(scene, dag_id) else seen.doubtful
        which[dag_id] = (
            f"{dag_id}: {len(ends.failed)} of {len(ends.since)} runs failed since, {sum(ends.before)} of "
            f"{len(ends.before)} before; the last is {ends.failed[-1].run_id}{in_words(scene, dag_id)}"
        )
    again = helped(scene)
    second = f", {names(again, 3)} at a second try" if again else ""
    return summed_up(
        scene,
        name,
        seen,
        f"Runs of changed DAGs end as well as they used to{second}.",
        "No changed DAG has run to its end yet.",
        "fails more often than before the change",
    )


def first_failures(scene: Scene) -> Mapping[str, EndedRun]:
    """The failed runs, by DAG, for which alone ``failed_runs`` would fail, and that were not tried again yet.

    Only of DAGs that run seldom: others run again soon enough by themselves. A release that is judged bad
    for something else as well needs no such proof.
    """
    name, watch = SignalName.FAILED_RUNS, scene.watch
    wanted = scene.health.second_try and scene.spec(name).severity is Weight.ERROR
    if not wanted or watch.failed_at is not None or scene.evidence.runs is None:
        return {}
    bad = {
        dag_id: ends
        for dag_id, ends in _ends(scene).items()
        if ends.are_news and not ends.as_usual and not is_open(scene, dag_id)
    }
    known = watch.second_tries
    alone = {
        dag_id: ends.failed[0]
        for dag_id, ends in bad.items()
        if len(ends.failed) == 1 and not ends.often and dag_id not in known
    }
    return alone if alone.keys() == bad.keys() else {}


@dataclass(frozen=True)
class _Ends:
    """How the runs of a DAG ended ``since`` it changed, and whether each ``before`` it failed.

    ``limit``: so much more of them may fail than before. ``often``: the DAG runs again within two hours.
    """

    since: Sequence[EndedRun]
    before: Sequence[bool]
    limit: float
    often: bool

    @cached_property
    def failed(self) -> Sequence[EndedRun]:
        return [run for run in self.since if run.state == "failed"]

    @property
    def excess(self) -> float:
        """The share of failed runs, above that before."""
        return len(self.failed) / len(self.since) - (mean(self.before) if self.before else 0)

    @property
    def as_usual(self) -> bool:
        return self.excess <= self.limit or not self.failed

    @property
    def are_news(self) -> bool:
        return is_news([run.state == "failed" for run in self.since], self.before, often=self.often)


def _ends(scene: Scene) -> Mapping[str, _Ends]:
    """Of each changed DAG that ran often enough since."""
    spec, found = scene.spec(SignalName.FAILED_RUNS), dict[str, _Ends]()
    for dag_id in scene.touched:
        since, often = outcomes(scene, dag_id), scene.runs_often(dag_id)
        if len(since) >= spec.at_least:
            before = [run.state == "failed" for run in scene.runs_before(dag_id)]
            found[dag_id] = _Ends(since[-LAST if often else 0 :], before, spec.limit, often)
    return found


def failed_tasks(scene: Scene) -> Measurement | None:
    """How often tasks are tried again in the last runs of each changed DAG, against the runs before.

    Not of a run that is tried once more: its tasks are begun again for that, too.
    """
    name = SignalName.FAILED_TASKS
    if not scene.touched:
        return None
    if scene.evidence.runs is None:
        return unknown(scene, name)
    seen, spec = Sorted(), scene.spec(name)
    for dag_id in scene.touched:
        own = (run for run in scene.runs_since(dag_id, name) if not is_retried(scene, run))
        since = [run.tries for run in own if run.tries is not None][-_LAST:]
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

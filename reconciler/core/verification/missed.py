"""The runs that timetables promised a while ago and that do not exist, or have not begun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.core.ledger import LATE, account, excused
from reconciler.core.narrative import names
from reconciler.core.verification.causes import is_dark, may_have_caused
from reconciler.core.verification.measuring import measured, unknown
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.seen import MissedRun
from reconciler.model.state import Accounting, EnvironmentState
from reconciler.model.watch import Judgement, Measurement

STUCK = timedelta(minutes=10)
"""A run that is queued so long after it was due does not begin."""

SETTLES = timedelta(minutes=10)
"""So long after a flip may Airflow still go by the timetable that the DAG had before."""

_IN_FLIGHT = {"queued", "running"}


def missed_runs(
    state: EnvironmentState,
    calendars: Mapping[str, Mapping[str, str]],
    runs: Sequence[DagRun],
    dags: Mapping[str, AirflowDag],
    since: datetime,
    now: datetime,
) -> tuple[MissedRun, ...]:
    """The runs due from ``since`` (UTC) on that are missing ``now``, or queued for too long.

    ``calendars``: of each live DAG, as sealed in the release that it is on (``ReleaseManifest.dags[id]
    .calendar``). ``runs``: what ``Airflow.clock_runs`` and ``Airflow.runs_between`` have of that time, put
    together; the same run twice does not matter. Without those of ``runs_between``, more may be missing than
    is, never less: they need to be asked for only if something is. ``dags``: as Airflow knows them; those
    that are paused owe no run. A gap after which runs exist again is past: the account of a deployment tells
    of it, or a person had paused the DAG. What is not accounted for yet is left to the account.
    """
    known = {dag: calendar for dag, calendar in calendars.items() if dag not in dags or not dags[dag].paused}
    found = account(known, runs, Accounting(since=since), now - LATE)
    open_since = state.accounting.since if state.accounting is not None else None
    late = excused(found, _in_flight_then(runs), {dag: seen.at_once for dag, seen in dags.items()})
    gaps = (
        MissedRun(dag_id=dag_id, due_at=at, exists=False)
        for dag_id, due in late.gaps.items()
        for at in _counted(state, dag_id, due, open_since)
        if not any(run.dag_id == dag_id and run.due_at is not None and run.due_at > at for run in runs)
    )
    return (*gaps, *_stuck(known, runs, dags, now))


def _counted(
    state: EnvironmentState, dag_id: str, due: Sequence[datetime], open_since: datetime | None
) -> Iterator[datetime]:
    live, watch = state.live.get(dag_id), state.watch
    if live is None:
        return
    touched = watch.touched.get(dag_id) if watch is not None else None
    earliest = touched + SETTLES if touched is not None else None
    if live.added and earliest is None:
        return
    for at in due:
        if (earliest is None or at > earliest) and (open_since is None or at < open_since):
            yield at


def _in_flight_then(runs: Sequence[DagRun]) -> list[DagRun]:
    """Each run once, as it is best known. Of one that ended at no time that is told, nothing is said."""
    best = dict[tuple[str, str], DagRun]()
    for run in runs:
        key = (run.dag_id, run.run_id)
        if run.state in _IN_FLIGHT or run.ended_at is not None:
            best[key] = run if key not in best or run.ended_at is not None else best[key]
    return list(best.values())


def _stuck(
    known: Mapping[str, Mapping[str, str]],
    runs: Sequence[DagRun],
    dags: Mapping[str, AirflowDag],
    now: datetime,
) -> Iterator[MissedRun]:
    """Runs that are queued although their DAG has fewer running than it may."""
    own = {(run.dag_id, run.run_id): run for run in runs if run.dag_id in known and run.state in _IN_FLIGHT}
    for run in own.values():
        if run.state != "queued" or run.due_at is None or now - run.due_at < STUCK:
            continue
        since = max(filter(None, (run.due_at, run.queued_at)))
        running = sum(one.dag_id == run.dag_id and one.state == "running" for one in own.values())
        seen = dags.get(run.dag_id)
        most = seen.at_once if seen is not None and seen.at_once is not None else 1
        if now - since >= STUCK and running < most:
            yield MissedRun(dag_id=run.dag_id, due_at=run.due_at, exists=True)


def missed(scene: Scene) -> Measurement:
    """How many runs are missing, or do not begin."""
    name, found = SignalName.MISSED_RUNS, scene.evidence.missed
    if found is None:
        return unknown(scene, name)
    limit = scene.spec(name).limit
    missing = [run for run in found if run.due_at >= scene.window(name)]
    own = [] if is_dark(scene) else [run for run in missing if _is_own(scene, run)]
    counted = own if len(own) > limit else missing
    if len(counted) > limit:
        dags = sorted({run.dag_id for run in counted})
        word = "run is" if len(counted) == 1 else "runs are"
        message = f"{len(counted)} {word} missing that the timetable of {names(dags, 3)} promised."
        lines = [
            f"{run.dag_id}: the run for {run.due_at:%Y-%m-%d %H:%M} UTC "
            f"{'is still queued' if run.exists else 'does not exist'}"
            for run in counted
        ]
        return measured(
            name,
            Judgement.FAILED,
            message,
            value=len(counted),
            limit=limit,
            dags=dags,
            evidence=lines,
            beside=len(own) <= limit,
        )
    message = "Every run exists that a timetable promised."
    return measured(name, Judgement.SUCCEEDED, message, value=len(counted), limit=limit)


def _is_own(scene: Scene, run: MissedRun) -> bool:
    """May the release be why a run is missing: of a DAG that it changed, or due soon after that?"""
    return run.dag_id in scene.touched or may_have_caused(scene, run.due_at)

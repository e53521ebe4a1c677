"""The next-run gate: a DAG is not paused across a moment at which a run of it is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice, pairwise

from reconciler.core.drain import Seen, needs_fence
from reconciler.core.fencing import lasts
from reconciler.core.ledger import LATE
from reconciler.core.narrative import names
from reconciler.core.timetable import timetable
from reconciler.model.environment import AirflowSpec
from reconciler.model.observation import AirflowDag
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.model.state import EnvironmentState
from reconciler.model.verdict import Decision, Verdict

_LOOKED_AT = 3
"""Coming runs that are looked at to see how fast they follow one another."""


def next_run(
    changes: Sequence[Change],
    state: EnvironmentState,
    seen: Seen,
    calendar_of: Callable[[str], Mapping[str, str]],
    airflow: AirflowSpec,
    now: datetime,
) -> Verdict:
    """Hold back the DAGs that would be paused while a run is due; a rollback does not wait.

    Where runs follow one another faster than a pause lasts, or as fast as nobody can tell, or where a DAG has
    waited for longer than runs may hold it back, waiting does not help: one of them is late.
    """
    pause, patience = lasts(airflow), timedelta(seconds=airflow.drain_seconds)
    due, often = dict[str, datetime](), list[str]()
    for dag in _to_pause(changes, state, seen):
        coming = _coming(calendar_of(dag.dag_id), pause, now)
        at = dag.next_run_at or next(iter(coming or ()), None)
        if at is None or not now - LATE <= at <= now + pause:
            continue
        tired = now - state.held.get(dag.dag_id, now) > patience
        if tired or coming is None or any(after - before <= pause for before, after in pairwise(coming)):
            often.append(dag.dag_id)
        else:
            due[dag.dag_id] = at
    return _wait(due, pause) if due else _go(often)


def _to_pause(changes: Sequence[Change], state: EnvironmentState, seen: Seen) -> Iterator[AirflowDag]:
    """The DAGs that would be paused now, and by us."""
    for change in changes:
        dag = seen.dags.get(change.dag_id)
        fenced = change.dag_id in state.fences or change.rolls_back or not needs_fence(change)
        if dag is not None and not fenced and not dag.paused and change.dag_id not in seen.stale:
            yield dag


def _coming(calendar: Mapping[str, str], pause: timedelta, now: datetime) -> list[datetime] | None:
    """The next times at which runs are due, those far off left out; None if nobody can tell."""
    known = timetable(calendar)
    if known is None:
        return None
    return list(islice(known.due(now, now + _LOOKED_AT * pause), _LOOKED_AT))


def _wait(due: Mapping[str, datetime], pause: timedelta) -> Verdict:
    runs = sorted(due.items())
    return Verdict(
        gate="next-run",
        decision=Decision.WAIT,
        reason=Reason.SCHEDULED_RUN_IMMINENT,
        message=(
            f"{names(dag_id for dag_id, _ in runs)}: a run is due within the {pause.total_seconds():.0f} s "
            "for which the DAG has to be paused. It starts first."
        ),
        dag_ids=tuple(dag_id for dag_id, _ in runs),
        evidence=tuple(f"{dag_id}: due {at:%Y-%m-%d %H:%M:%S} UTC" for dag_id, at in runs),
        until=max(due.values()),
    )


def _go(often: Sequence[str]) -> Verdict:
    late = f" {names(often)}: waiting for that would not end, so one may be late." if often else ""
    return Verdict.go("next-run", f"No DAG is paused across a run that is due.{late}")

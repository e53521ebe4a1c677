"""The in-flight gate: a DAG whose graph changes is not touched while it has runs; the others go ahead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from reconciler.core.drain import Drain
from reconciler.core.narrative import names
from reconciler.model.observation import DagRun
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict

_MINUTES = 120
"""From so many seconds on, people think in minutes."""


def in_flight(drain: Drain, paused: Collection[str], usual: Mapping[str, float]) -> Verdict:
    """Hold back the DAGs that are to change and have a run in the way.

    ``paused`` DAGs are named, for their runs are frozen. ``usual``: how long a DAG's runs take, in seconds,
    as far as that is known.
    """
    held = tuple(sorted({run.dag_id for run in drain.blocking}))
    if not held:
        return Verdict.go("in-flight", "No run in flight is in the way of a change.")
    return Verdict(
        gate="in-flight",
        decision=Decision.WAIT,
        reason=Reason.DRAIN_TIMED_OUT if drain.overdue else Reason.IN_FLIGHT_RUNS,
        message=_message(drain, [dag_id for dag_id in held if dag_id in paused]),
        dag_ids=held,
        evidence=tuple(_describe(run, usual.get(run.dag_id)) for run in drain.blocking),
        until=drain.until,
    )


def _message(drain: Drain, paused: Sequence[str]) -> str:
    by_dag = [
        f"{dag_id} ({names((run.run_id for run in runs), 2)})"
        for dag_id, runs in groupby(drain.blocking, key=lambda run: run.dag_id)
    ]
    until = f"{drain.until:%Y-%m-%d %H:%M:%S} UTC"
    waits = "waits" if len(by_dag) == 1 else "wait"
    message = f"{names(by_dag)} {waits} for runs in flight. Other DAGs do not wait."
    if drain.ends:
        message += f" Runs of a release that is rolled back begin anew at {until}."
    elif drain.overdue:
        message += f" It should have ended by {until}: end the runs, or revert the commit."
    else:
        message += f" It is told again if it lasts beyond {until}."
    if not paused:
        return message
    return (
        f"{message} {names(paused)} {'is' if len(paused) == 1 else 'are'} paused in Airflow, which freezes "
        "runs: un-pause, or end the runs."
    )


def _describe(run: DagRun, usual: float | None) -> str:
    since = f" since {run.started_at:%Y-%m-%d %H:%M:%S} UTC" if run.started_at else ""
    takes = f"; usually takes {_duration(usual)}" if usual is not None else ""
    return f"{run.dag_id}: {run.run_type} run {run.run_id} is {run.state}{since}{takes}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _MINUTES else f"{seconds / 60:.0f} min"

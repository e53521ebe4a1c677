"""The in-flight gate: a DAG with runs in flight is not touched; the others go ahead."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.core.narrative import names
from reconciler.model.observation import DagRun
from reconciler.model.plan import Action, Change, Decision, Verdict
from reconciler.model.reason import Reason


def in_flight(changes: Sequence[Change], runs: Sequence[DagRun], paused: Collection[str]) -> Verdict:
    """Hold back the DAGs that are to change and have a run queued or running.

    ``runs`` are those that can end: not of a DAG that is stale in Airflow, whose file is gone or does not
    import. ``paused`` DAGs are named, for their runs are frozen. Putting back a pointer that somebody edited
    (``heal``) is not held back: what runs meanwhile is the edit.
    """
    subject = {change.dag_id for change in changes if change.action in (Action.UPDATE, Action.REMOVE)}
    blocking = sorted(
        (run for run in runs if run.dag_id in subject), key=lambda run: (run.dag_id, run.run_id)
    )
    held = tuple(sorted({run.dag_id for run in blocking}))
    if not held:
        return Verdict(
            gate="in-flight",
            decision=Decision.GO,
            reason=Reason.RECONCILIATION_SUCCEEDED,
            message="No DAG that has to change has a run in flight.",
        )
    return Verdict(
        gate="in-flight",
        decision=Decision.WAIT,
        reason=Reason.IN_FLIGHT_RUNS,
        message=_message(held, [dag_id for dag_id in held if dag_id in paused]),
        dag_ids=held,
        evidence=tuple(_describe(run) for run in blocking),
    )


def _message(held: Sequence[str], paused: Sequence[str]) -> str:
    has = "has" if len(held) == 1 else "have"
    message = f"{names(held)} {has} runs in flight and will change when they end. Other DAGs do not wait."
    if not paused:
        return message
    return (
        f"{message} {names(paused)} {'is' if len(paused) == 1 else 'are'} paused in Airflow, which freezes "
        "runs: un-pause, or end the runs."
    )


def _describe(run: DagRun) -> str:
    since = f" since {run.started_at:%Y-%m-%d %H:%M:%S} UTC" if run.started_at else ""
    return f"{run.dag_id}: {run.run_type} run {run.run_id} is {run.state}{since}"

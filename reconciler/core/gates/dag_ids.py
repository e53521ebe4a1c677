"""The DAG id gate: a DAG that MWAA's API could not name is refused before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.narrative import names
from reconciler.model.environment import AirflowApi
from reconciler.model.plan import Action, Change, Decision, Verdict
from reconciler.model.reason import Reason

MAX_PATH = 64
"""``airflow:InvokeRestApi`` takes paths of so many characters (botocore's service model of MWAA)."""

LONGEST_PATH = "/dags//assets/queuedEvents"
"""The longest one about a DAG, without its id, which stands behind ``/dags/``."""

MAX_DAG_ID = MAX_PATH - len(LONGEST_PATH)


def dag_ids(changes: Sequence[Change], api: AirflowApi) -> Verdict:
    """Stop if a DAG that would come or stay has too long an id for the way to its Airflow."""
    long = [
        change.dag_id
        for change in changes
        if api.mwaa and change.action is not Action.REMOVE and len(change.dag_id) > MAX_DAG_ID
    ]
    if not long:
        return Verdict(
            gate="dag-ids",
            decision=Decision.GO,
            reason=Reason.RECONCILIATION_SUCCEEDED,
            message="Airflow can be asked about every DAG.",
        )
    return Verdict(
        gate="dag-ids",
        decision=Decision.STOP,
        reason=Reason.INVALID_CONFIGURATION,
        message=(
            f"MWAA's API takes DAG ids of at most {MAX_DAG_ID} characters, so {names(long)} could not be "
            "paused or watched. Nothing is changed. Shorten the id, release again, and commit that version."
        ),
        evidence=tuple(f"{dag_id}: {len(dag_id)} characters" for dag_id in long),
    )

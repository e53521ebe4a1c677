"""What a change of a DAG means for its runs in flight, and why."""

from __future__ import annotations

from reconciler.core.pinning import PINNING_PROVEN
from reconciler.core.structure import compare
from reconciler.model.environment import InFlight
from reconciler.model.plan import ChangeClass, Goal
from reconciler.model.release import ReleaseManifest, SealedDag


def classify(
    left: ReleaseManifest | None, dag_id: str, sealed: SealedDag, goal: Goal
) -> tuple[ChangeClass, tuple[str, ...]]:
    """Compare a DAG of the release being ``left`` with what is ``sealed`` for it now.

    Whatever is not known to be harmless to runs in flight drains the DAG.
    """
    airflow = goal.airflow
    if airflow.in_flight_of(dag_id) is InFlight.DRAIN:
        whose = "this DAG's" if dag_id in airflow.dags else "this environment's"
        return ChangeClass.DRAINED, (f"{whose} policy is inFlight: drain",)
    if airflow.version not in PINNING_PROVEN:
        return ChangeClass.DRAINED, (f"runs are not known to stay pinned on Airflow {airflow.version}",)
    if left is None or dag_id not in left.dags:
        return ChangeClass.DRAINED, ("the release it runs now is no longer in the artifact store",)
    if left.airflow_version != goal.release.airflow_version:
        return ChangeClass.DRAINED, (
            f"its graph was parsed with Airflow {left.airflow_version}, now with "
            f"{goal.release.airflow_version}",
        )
    return compare(left.dags[dag_id], sealed)

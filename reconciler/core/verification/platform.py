"""What MWAA itself says of its environment."""

from __future__ import annotations

from reconciler.core.verification.measuring import measured, unknown
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.watch import Judgement, Measurement

HEARTBEAT, QUEUED, RUNNING = "SchedulerHeartbeat", "QueuedTasks", "RunningTasks"
DAG_BAG = "DagBagSize"


def platform(scene: Scene) -> Measurement | None:
    """How many of its metrics are not as they should be; None: it is no MWAA, or nobody asked."""
    name, told = SignalName.PLATFORM, scene.evidence.platform
    if told is None:
        return unknown(scene, name) if name in scene.evidence.troubles else None
    values, limit, troubles = told.values, scene.spec(name).limit, list[str]()
    if not values.keys() & {HEARTBEAT, QUEUED, DAG_BAG}:
        return measured(name, Judgement.INCONCLUSIVE, "MWAA tells nothing of itself.", limit=limit)
    if values.get(HEARTBEAT, 1) <= 0:
        troubles.append("the scheduler's heart does not beat")
    if values.get(QUEUED, 0) > 0 and values.get(RUNNING, 1) <= 0:
        troubles.append(f"{values[QUEUED]:.0f} tasks are queued, and none runs")
    if values.get(DAG_BAG, 1) <= 0:
        troubles.append("it knows no DAG")
    if len(troubles) > limit:
        message = f"MWAA says of its environment: {'; '.join(troubles)}."
        lines = [f"{metric}: {value:g}" for metric, value in sorted(values.items())]
        return measured(name, Judgement.FAILED, message, value=len(troubles), limit=limit, evidence=lines)
    message = "MWAA's own metrics are as they should be."
    return measured(name, Judgement.SUCCEEDED, message, value=len(troubles), limit=limit)

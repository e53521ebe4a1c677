"""Do those give signs of life without whom nothing runs: scheduler, DAG processor, and ourselves?"""

from __future__ import annotations

from datetime import datetime

from reconciler.core.verification.causes import died_of_it
from reconciler.core.verification.measuring import measured, unknown
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.watch import Judgement, Measurement


def scheduler(scene: Scene) -> Measurement:
    """How long ago Airflow's scheduler gave a sign of life, in seconds."""
    told = scene.evidence.heartbeats
    if told is None:
        return unknown(scene, SignalName.SCHEDULER)
    return _age(scene, SignalName.SCHEDULER, "Airflow's scheduler", told.scheduler)


def dag_processor(scene: Scene) -> Measurement:
    """How long ago Airflow's DAG processor did."""
    told = scene.evidence.heartbeats
    if told is None:
        return unknown(scene, SignalName.DAG_PROCESSOR)
    return _age(scene, SignalName.DAG_PROCESSOR, "Airflow's DAG processor", told.dag_processor)


def reconciler(scene: Scene) -> Measurement:
    """How long ago the reconciler looked at the environment."""
    return _age(scene, SignalName.RECONCILER, "The reconciler", scene.evidence.ticked_at)


def _age(scene: Scene, name: SignalName, who: str, last: datetime | None) -> Measurement:
    limit = scene.spec(name).limit
    if last is None:
        if name in scene.evidence.troubles:
            return unknown(scene, name)
        return measured(name, Judgement.INCONCLUSIVE, f"Nothing tells whether {who} is alive.", limit=limit)
    age = max((scene.at - last).total_seconds(), 0)
    if age > limit:
        message = f"{who} has given no sign of life for {age:.0f} s."
        return measured(
            name,
            Judgement.FAILED,
            message,
            value=age,
            limit=limit,
            evidence=(f"last at {last:%H:%M:%S} UTC",),
            beside=not died_of_it(scene, last),
        )
    message = f"{who} gave a sign of life {age:.0f} s ago."
    return measured(name, Judgement.SUCCEEDED, message, value=age, limit=limit)

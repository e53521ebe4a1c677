"""What a gate says of a plan: whether its changes may be made now, and why not."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from reconciler.model.reason import Reason
from reconciler.model.release import DagId
from reconciler.model.value import Value


class Decision(StrEnum):
    """What a gate says."""

    GO = "go"
    WAIT = "wait"
    STOP = "stop"


class Verdict(Value):
    """One gate's answer, always reported, also when it is ``go``.

    ``dag_ids`` are the DAGs it holds back; empty with ``wait`` or ``stop`` means all of them. ``opened_at``:
    when people opened it.
    """

    gate: str
    decision: Decision
    reason: Reason
    message: str
    dag_ids: tuple[DagId, ...] = ()
    evidence: tuple[str, ...] = ()
    until: datetime | None = None
    opened_at: datetime | None = None

    @classmethod
    def go(cls, gate: str, message: str) -> Verdict:
        """Nothing is in the way, as far as this gate looks."""
        return cls(gate=gate, decision=Decision.GO, reason=Reason.GATE_OPEN, message=message)

    @property
    def waits_for_runs(self) -> bool:
        """Does it hold back some DAGs until runs of theirs have started or ended?"""
        runs = (Reason.IN_FLIGHT_RUNS, Reason.DRAIN_TIMED_OUT, Reason.SCHEDULED_RUN_IMMINENT)
        return self.decision is Decision.WAIT and self.reason in runs

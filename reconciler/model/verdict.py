"""What a gate says of a plan: whether its changes may be made now, and why not."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from reconciler.model.reason import Reason
from reconciler.model.release import DagId
from reconciler.model.value import Value

_ABOUT_RUNS = ("in-flight", "next-run")


class Decision(StrEnum):
    """What a gate says."""

    GO = "go"
    WAIT = "wait"
    STOP = "stop"


class Verdict(Value):
    """One gate's answer, always reported, also when it is ``go``.

    ``dag_ids`` are the DAGs it holds back; empty with ``wait`` or ``stop`` means all of them. ``opened_by``:
    the addresses of the people who opened it, the last of them at ``opened_at``. ``gave_up``: it does not go
    on by itself any more.
    """

    gate: str
    decision: Decision
    reason: Reason
    message: str
    dag_ids: tuple[DagId, ...] = ()
    evidence: tuple[str, ...] = ()
    until: datetime | None = None
    opened_by: tuple[str, ...] = ()
    opened_at: datetime | None = None
    gave_up: bool = False

    @classmethod
    def go(cls, gate: str, message: str) -> Verdict:
        """Nothing is in the way, as far as this gate looks."""
        return cls(gate=gate, decision=Decision.GO, reason=Reason.GATE_OPEN, message=message)

    @property
    def waits_for_runs(self) -> bool:
        """Does it hold back some DAGs until runs of theirs have started or ended?"""
        return self.decision is Decision.WAIT and self.gate in _ABOUT_RUNS

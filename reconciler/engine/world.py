"""What a tick works with, how long it may work, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.environment import Environment
from reconciler.ports import ArtifactStore, Clock, EnvironmentRepo, EventBus, StateStore, Target


@dataclass(frozen=True)
class World:
    """Everything outside. ``target`` opens the platform of one environment; it does no I/O by itself.

    ``lease_seconds`` > the function's timeout > ``work_seconds``: a tick that is late can neither be
    overtaken unknowingly nor be cut off in the middle of its work.
    """

    repo: EnvironmentRepo
    artifacts: ArtifactStore
    store: StateStore
    bus: EventBus
    clock: Clock
    target: Callable[[Environment], Target]
    holder: str
    lease_seconds: float = 150
    work_share: float = 2 / 5

    @property
    def work_seconds(self) -> float:
        """After so long a tick begins nothing more."""
        return self.lease_seconds * self.work_share

    @property
    def patience_seconds(self) -> float:
        """For so long a tick waits for runs in flight itself: short runs are not worth a minute."""
        return self.lease_seconds / 15


class Outcome(StrEnum):
    """How a tick ended. All of these are acknowledged; the sweep looks again."""

    IDLE = "idle"
    APPLIED = "applied"
    WAITING = "waiting"
    STALLED = "stalled"
    FAILED = "failed"
    RETRY = "retry"
    CONTENDED = "contended"


@dataclass(frozen=True)
class TickResult:
    """A tick's outcome and, for a log line, one sentence.

    ``trouble`` is what went wrong beside it: events that could not be delivered, a lease not given back.
    """

    outcome: Outcome
    message: str
    trouble: str = ""

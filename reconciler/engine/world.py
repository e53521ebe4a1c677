"""What a tick works with, how long it may work, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.verification import MetricValue
from reconciler.model.environment import Environment
from reconciler.model.tick_time import TickTime
from reconciler.ports import (
    Alarms,
    ArtifactStore,
    Clock,
    EnvironmentRepo,
    EventBus,
    HealthSources,
    Reverter,
    StateStore,
    Target,
    TickQueue,
)


@dataclass(frozen=True)
class World:
    """Everything outside, and the time there is. ``target`` opens the platform of one environment; it does no
    I/O by itself. ``environments`` are all that the stack serves, whatever a commit says.
    """

    repo: EnvironmentRepo
    artifacts: ArtifactStore
    store: StateStore
    bus: EventBus
    clock: Clock
    target: Callable[[Environment], Target]
    holder: str
    environments: tuple[str, ...]
    time: TickTime = field(default_factory=TickTime)


@dataclass(frozen=True)
class Lookout:
    """What those work with who look after what is live: who judges it, and who takes it back.

    ``sources`` opens what tells of one environment's health; it does no I/O by itself. ``reverter`` is the
    environment repo, pushed to by the identity that reverts; None where that has no key. ``stack``: the name
    that ours begins with, of which an environment's alarm is ``<stack>-<environment>``.
    """

    world: World
    alarms: Alarms
    sources: Callable[[Environment], HealthSources]
    queue: TickQueue
    reverter: Reverter | None = None
    stack: str = ""


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
    ``figures`` is what is measured of it.
    """

    outcome: Outcome
    message: str
    trouble: str = ""
    figures: tuple[MetricValue, ...] = ()

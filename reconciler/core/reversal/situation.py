"""What is known when an alarm is to be acted on: all that the guards look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.model.health import RevertPolicy
from reconciler.model.holds import Holds
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import OpenAlarm, Revert, Stable


@dataclass(frozen=True)
class Situation:
    """One environment, and an alarm that went off there.

    ``current``: the alarm as it is now, None if there is none of that name. ``at_begin``: what it was when
    the release under watch was begun, as far as its history tells. ``able``: somebody can sign a revert.
    ``intended``: the revert that was written down for it and of which no commit is known.
    """

    now: datetime
    state: EnvironmentState
    alarm: OpenAlarm
    current: Alarm | None
    at_begin: AlarmValue | None
    able: bool
    intended: Revert | None = None

    @property
    def policy(self) -> RevertPolicy:
        """What an alarm may do here, as it was accepted."""
        accepted = self.state.accepted
        return accepted.desired.environment.health.revert if accepted is not None else RevertPolicy()

    @property
    def holds(self) -> Holds:
        """What people hold, as it was accepted."""
        return self.state.accepted.desired.holds if self.state.accepted is not None else Holds()


@dataclass(frozen=True)
class Tip:
    """The branch as it is: the release that its pointer asks for (None: ``flaw`` says why that is not known).

    ``target``: the release that would be gone back to, None if there is none. ``irreversible``: migrations
    in between that cannot be taken back.
    """

    revision: str
    release: ReleaseId | None
    target: Stable | None
    holds: Holds = field(default_factory=Holds)
    irreversible: tuple[str, ...] = ()
    flaw: str = ""

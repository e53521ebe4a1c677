"""What is known when an alarm is to be acted on: all that the guards look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.model.health import RevertPolicy
from reconciler.model.holds import Holds
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import OpenAlarm, Revert, Stable, Watch


@dataclass(frozen=True)
class Situation:
    """One environment, and an alarm that went off there.

    ``current``: the alarm as it is now, None if there is none of that name. ``at_change``: what it was
    when the release under watch changed its first DAG, as far as its history tells. ``able``: somebody
    can sign a revert. ``intended``: the revert that was written down for it and of which no commit is known.
    ``window``: how far back the alarm looks, None if that is not told.
    """

    now: datetime
    state: EnvironmentState
    alarm: OpenAlarm
    current: Alarm | None
    at_change: AlarmValue | None
    able: bool
    intended: Revert | None = None
    window: timedelta | None = timedelta()

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


def first_change(watch: Watch) -> datetime | None:
    """Since when a release can be to blame: when the first DAG changed by it; None if none has.

    What it has to answer for because a release before it changed that, is not changed by it. When a DAG
    was removed is not remembered: it was not before the release was begun.
    """
    own = [at for at in watch.touched.values() if at >= watch.begun_at]
    if own:
        return min(own)
    return watch.begun_at if watch.removed else None

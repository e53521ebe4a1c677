"""What becomes of an alarm: a release is taken back, or nothing is, or something is waited for."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.findings import News
from reconciler.model.reason import Reason, Severity, Suppressed
from reconciler.model.value import Value
from reconciler.model.watch import OpenAlarm

_FINE = {Suppressed.ALARM_OVER, Suppressed.ALREADY_REVERTED}
"""Nobody has to do anything about these."""

LATE, LONGEST = timedelta(minutes=5), timedelta(hours=6)
"""After so long people are told that an alarm still waits, and after so long it is given up."""


class Ruling(Value):
    """Why nothing is taken back now: for good, or only for a while (``waits``).

    ``why``: the guard that says so; what waits has one where somebody may have to help.
    """

    why: Suppressed | None = None
    message: str
    waits: bool = False

    @property
    def told(self) -> str:
        """What is remembered to have been told."""
        return f"{self.why}: {self.message}" if self.why is not None else self.message

    def is_news(self, alarm: OpenAlarm) -> bool:
        """Was nothing of it told yet? What others say of the same obstacle may read differently each time."""
        if self.why is not None:
            return not alarm.waits_for.startswith(f"{self.why}: ")
        return alarm.waits_for != self.message

    def at(self, now: datetime, alarm: OpenAlarm) -> Ruling:
        """What waits for too long is given up."""
        if self.waits and self.why is not None and now >= alarm.told_at + LONGEST:
            return never(self.why, f"{self.message} So it was for {LONGEST.total_seconds() / 3600:g} hours.")
        return self

    def late(self, environment: str, alarm: OpenAlarm) -> News:
        """The event that calls people to what waits for long."""
        news = self.news(environment, alarm)
        then = f"`reconciler rollback {environment}` goes back at once, if you can mend that no sooner."
        return news.model_copy(update={"severity": Severity.ERROR, "message": f"{news.message} {then}"})

    def news(self, environment: str, alarm: OpenAlarm) -> News:
        """The event that tells of it."""
        evidence = (
            *([f"guard: {self.why}"] if self.why is not None else []),
            f"alarm: {alarm.name}, since {alarm.turned_at:%Y-%m-%d %H:%M:%S} UTC",
            *([f"it says: {alarm.reason}"] if alarm.reason else []),
        )
        if self.waits or self.why is None:
            message = f"{alarm.name} went off in {environment}. {self.message} It is looked at each minute."
            return News(
                reason=Reason.ALARM_RECEIVED, message=message, severity=Severity.WARNING, evidence=evidence
            )
        fine = self.why in _FINE
        then = (
            "Nothing is left to do."
            if fine
            else f"See `reconciler explain {environment}`; `reconciler rollback {environment}` goes back."
        )
        return News(
            reason=Reason.ROLLBACK_SUPPRESSED,
            message=f"{alarm.name} went off in {environment}, and nothing is taken back for it. "
            f"{self.message} {then}",
            severity=Severity.INFO if fine else Severity.ERROR,
            evidence=evidence,
        )


def never(why: Suppressed, message: str) -> Ruling:
    """Nothing is taken back for this alarm."""
    return Ruling(why=why, message=message)


def later(message: str, why: Suppressed | None = None) -> Ruling:
    """It is looked at again; ``why`` it is given up, should it wait for too long."""
    return Ruling(why=why, message=message, waits=True)

"""What becomes of an alarm: a release is taken back, or nothing is, or something is waited for."""

from __future__ import annotations

from reconciler.core.findings import News
from reconciler.model.reason import Reason, Severity, Suppressed
from reconciler.model.value import Value
from reconciler.model.watch import OpenAlarm

_FINE = {Suppressed.ALARM_OVER, Suppressed.ALREADY_REVERTED}
"""Nobody has to do anything about these."""


class Ruling(Value):
    """Why nothing is taken back now: for good, with the guard that says so, or for a while (``why`` None)."""

    why: Suppressed | None = None
    message: str

    @property
    def waits(self) -> bool:
        """Is it only for a while?"""
        return self.why is None

    def news(self, environment: str, alarm: OpenAlarm) -> News:
        """The event that tells of it."""
        evidence = (
            *([f"guard: {self.why}"] if self.why is not None else []),
            f"alarm: {alarm.name}, since {alarm.turned_at:%Y-%m-%d %H:%M:%S} UTC",
            *([f"it says: {alarm.reason}"] if alarm.reason else []),
        )
        if self.why is None:
            message = f"{alarm.name} went off in {environment}. {self.message} It is looked at each minute."
            return News(
                reason=Reason.ALARM_RECEIVED, message=message, severity=Severity.WARNING, evidence=evidence
            )
        fine = self.why in _FINE
        then = (
            "Nothing is left to do."
            if fine
            else f"See `reconciler status {environment}`; `reconciler rollback {environment}` goes back."
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


def later(message: str) -> Ruling:
    """It is looked at again."""
    return Ruling(message=message)

"""The busy gate: an environment that MWAA is updating is left alone."""

from __future__ import annotations

from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


def busy(status: str | None) -> Verdict:
    """Wait while MWAA reports a ``status`` other than AVAILABLE; None means nothing is going on."""
    if status is None:
        return Verdict.go("busy", "Airflow's environment is available.")
    return Verdict(
        gate="busy",
        decision=Decision.WAIT,
        reason=Reason.ENVIRONMENT_BUSY,
        message=f"Airflow's environment is {status}. The change begins when it is available again.",
        evidence=(f"environment status {status}",),
    )

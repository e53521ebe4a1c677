"""The ownership gate: a file that somebody else put into the DAG folder is never overwritten."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.narrative import names
from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


def ownership(foreign: Sequence[str]) -> Verdict:
    """Stop if we would have to write over keys that are not ours."""
    if not foreign:
        return Verdict.go("ownership", "No file of somebody else is in the way.")
    return Verdict(
        gate="ownership",
        decision=Decision.STOP,
        reason=Reason.FOREIGN_FILE,
        message=(
            f"The DAG folder already holds {names(foreign)}, which reconciler did not write. "
            "Nothing is changed. "
            "Delete or move these files; the deployment goes on by itself."
        ),
        evidence=tuple(foreign),
    )

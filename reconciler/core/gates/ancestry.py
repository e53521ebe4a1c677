"""The ancestry gate: history only goes forward; going back is a new commit on top."""

from __future__ import annotations

from reconciler.model.reason import Reason
from reconciler.model.verdict import Decision, Verdict


def ancestry(applied: str | None, tip: str, descends: bool) -> Verdict:
    """Stop unless ``tip`` descends from the ``applied`` revision (a forced push, a rewound server)."""
    if applied is None:
        return Verdict.go("ancestry", f"{tip[:10]} is the first revision to be applied here.")
    if descends:
        return Verdict.go("ancestry", f"{tip[:10]} descends from the applied {applied[:10]}.")
    return Verdict(
        gate="ancestry",
        decision=Decision.STOP,
        reason=Reason.REVISION_NOT_DESCENDANT,
        message=(
            f"The branch is at {tip[:10]}, which does not descend from the applied {applied[:10]}: its "
            "history was rewritten. Nothing of it counts but what it holds besides. "
            f"Push a commit whose history contains {applied[:10]}; to go back to an older version, revert "
            "instead of forcing."
        ),
        evidence=(f"applied {applied}", f"tip {tip}"),
    )

"""How often and how fast changes are made live and taken back, for CloudWatch: what one tick came to.

Called by ``engine.tick`` with what was remembered before and after it. Tries of going back count as neither.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.aftermath_words import parts
from reconciler.core.rehearsing import is_try
from reconciler.core.verification.figures import MetricValue
from reconciler.model.reason import Phase
from reconciler.model.state import EnvironmentState


def delivered(before: EnvironmentState, after: EnvironmentState) -> tuple[MetricValue, ...]:
    """``Deployed`` and ``DeploySeconds`` of a change that is live now; ``Reverted`` of one that begins to be
    taken back, by whomever; ``RollbackSeconds`` when it was; ``RevertSeconds`` of an alarm's, by ``part``.
    """
    return (*_operations(before, after), *_reverts(before, after))


def _operations(before: EnvironmentState, after: EnvironmentState) -> Iterator[MetricValue]:
    operation, here = after.operation, {"environment": after.environment}
    if operation is None or is_try(after.environment, operation.subject):
        return
    begun = bool(after.condemned - before.condemned)
    if begun:
        yield MetricValue(name="Reverted", value=1, dimensions=here)
    known = before.operation
    was_over = known is not None and (known.attempt, known.phase) == (operation.attempt, operation.phase)
    if was_over or operation.phase is not Phase.SUCCEEDED or operation.finished_at is None:
        return
    seconds = (operation.finished_at - operation.started_at).total_seconds()
    if begun or before.going_back:
        yield MetricValue(name="RollbackSeconds", value=seconds, unit="Seconds", dimensions=here)
    elif before.applied is None or before.applied.release != operation.release:
        yield MetricValue(name="Deployed", value=1, dimensions=here)
        yield MetricValue(name="DeploySeconds", value=seconds, unit="Seconds", dimensions=here)


def _reverts(before: EnvironmentState, after: EnvironmentState) -> Iterator[MetricValue]:
    """From the alarm until it was seen to be well: four values, when it is."""
    known = {one.blamed for one in before.reverts if one.verified_at is not None}
    for revert in after.reverts:
        if revert.verified_at is None or revert.blamed in known:
            continue
        took = parts(revert)
        whole = {"commit": took.commit, "live": took.live, "verified": took.verified, "whole": took.total}
        for part, seconds in whole.items():
            if seconds is not None:
                of = {"environment": after.environment, "part": part}
                yield MetricValue(name="RevertSeconds", value=seconds, unit="Seconds", dimensions=of)

"""One look at one environment, judged."""

from __future__ import annotations

from reconciler.core.findings import News
from reconciler.model.health import HealthSpec
from reconciler.model.seen import Evidence
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value
from reconciler.model.watch import Measurement


class Judged(Value):
    """What a look comes to: the ``state`` to commit, ``news`` to tell, and a measurement per judged signal.

    A ``Finding`` among the news is told, its condition is in ``state`` already.
    """

    state: EnvironmentState
    news: tuple[News, ...] = ()
    measurements: tuple[Measurement, ...] = ()


def judge(state: EnvironmentState, spec: HealthSpec, evidence: Evidence) -> Judged:  # noqa: ARG001
    """Judge what is live by what was seen of it. Without a watch there is nothing to judge."""
    return Judged(state=state)

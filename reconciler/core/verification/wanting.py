"""What one look has to ask for, so that it costs few calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.model.health import HealthSpec
from reconciler.model.observation import DagRun
from reconciler.model.seen import EndedRun
from reconciler.model.state import EnvironmentState
from reconciler.model.value import Value


class Wanted(Value):
    """What to ask, ``at`` a time (UTC), which is the end of each window.

    ``dag_ids``: for ``dags``, ``clock_runs`` and ``runs_between`` (all that are live). ``run_dags``: for
    ``ended_runs`` (those that the release changed), from ``runs_since`` on, the ``newest`` of each.
    ``missed_since``: for ``clock_runs`` and ``runs_between``; None: neither is needed.
    ``record_since``: for ``HealthSources.record`` of ``run_dags``; None: there is none to ask. Ask for it
    only if ``record_is_due`` says so: a sleeping warehouse is woken by it, which costs money.
    ``platform_since``: for ``HealthSources.platform``; None: not wanted. ``heartbeats``, ``import_errors``:
    whether they are.

    What was not asked for since it is not wanted stays None in the evidence, without a word in ``troubles``;
    what could not be had, has one there under each signal that needs it.
    """

    at: datetime
    dag_ids: tuple[str, ...] = ()
    run_dags: tuple[str, ...] = ()
    runs_since: datetime
    newest: int = 40
    missed_since: datetime | None = None
    record_since: datetime | None = None
    platform_since: datetime | None = None
    heartbeats: bool = True
    import_errors: bool = True


def wanted(state: EnvironmentState, spec: HealthSpec, now: datetime) -> Wanted:  # noqa: ARG001
    """What to ask for, to judge what is live ``now``."""
    return Wanted(at=now, dag_ids=tuple(sorted(state.live)), runs_since=now - timedelta(days=30))


def tries_wanted(state: EnvironmentState, spec: HealthSpec, runs: Sequence[EndedRun]) -> tuple[EndedRun, ...]:  # noqa: ARG001
    """Those of the ended ``runs`` whose ``tries`` matter, the most important first.

    Tries of a run that ended never change: whoever asks may remember them, and ask for a few at a time.
    """
    return ()


def record_is_due(
    state: EnvironmentState,  # noqa: ARG001
    spec: HealthSpec,
    runs: Sequence[EndedRun],  # noqa: ARG001
    in_flight: Sequence[DagRun],  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> bool:
    """Can there be anything new in the warehouse's record? Pipelines write there while they run."""
    return spec.record is not None

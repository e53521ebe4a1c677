"""The twin of what tells of an environment's health: rows and metrics that a test sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.adapters.memory.failures import Twin, port_call
from reconciler.model.seen import PlatformMetrics, Record


class MemoryHealthSources(Twin):
    """``kept`` is all that was ever recorded, None without a warehouse.

    ``told`` are MWAA's metrics, each with when it was told; None: it is no MWAA.
    """

    def __init__(
        self, kept: Record | None = None, told: Sequence[tuple[datetime, str, float]] | None = None
    ) -> None:
        super().__init__()
        self.kept = kept
        self.told = told

    @port_call
    def record(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Record | None:
        """See ``ports.HealthSources``."""
        if self.kept is None:
            return None
        runs = [one for one in self.kept.runs if one.dag_id in dag_ids and since <= one.ended_at <= until]
        tests = [one for one in self.kept.tests if one.dag_id in dag_ids and since <= one.checked_at <= until]
        loads = [one for one in self.kept.loads if one.dag_id in dag_ids and since <= one.loaded_at <= until]
        return Record(
            runs=tuple(sorted(runs, key=lambda one: one.ended_at)),
            tests=tuple(sorted(tests, key=lambda one: one.checked_at)),
            loads=tuple(sorted(loads, key=lambda one: one.loaded_at)),
        )

    @port_call
    def platform(self, since: datetime, until: datetime) -> PlatformMetrics | None:
        """See ``ports.HealthSources``."""
        if self.told is None:
            return None
        inside = sorted(one for one in self.told if since <= one[0] <= until)
        return PlatformMetrics(values={name: value for _, name, value in inside})

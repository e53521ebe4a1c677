"""What a process remembers of an environment between two looks, so that a look costs few calls.

All of it may be lost at any time, as a process is, and is then asked for again. Nothing of it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.release import ReleaseManifest
from reconciler.model.seen import EndedRun, PlatformMetrics, Record

FRESH = timedelta(minutes=5)
"""MWAA's metrics are asked for this often: each costs money, and they say little about a release."""

MOST_TRIES = 5_000
"""Runs whose tries are remembered."""


@dataclass
class Recollection:
    """Of one environment. ``ticked_at``: the end of the last tick before the last look."""

    manifests: dict[str, ReleaseManifest] = field(default_factory=dict)
    ticked_at: datetime | None = None
    _settled: dict[Hashable, Sequence[EndedRun]] = field(default_factory=dict)
    _record: dict[Hashable, Record | None] = field(default_factory=dict)
    _tries: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    _platform: tuple[datetime, PlatformMetrics | None] | None = None

    def settled(self, window: Hashable, ask: Callable[[], Sequence[EndedRun]]) -> Sequence[EndedRun]:
        """The runs of a window that is over; only the last one asked for is kept."""
        if window not in self._settled:
            self._settled = {window: ask()}
        return self._settled[window]

    def record(self, window: Hashable, ask: Callable[[], Record | None]) -> Record | None:
        """What the warehouse has of a window that is over; only the last one asked for is kept."""
        if window not in self._record:
            self._record = {window: ask()}
        return self._record[window]

    def tries(self, run: EndedRun) -> int | None:
        """How often the tasks of a run were tried again, if that was asked for before."""
        return self._tries.get(_key(run))

    def keep_tries(self, found: Mapping[EndedRun, int]) -> None:
        """Those of a run that ended never change; one that runs again ends at another time."""
        self._tries |= {_key(run): tries for run, tries in found.items()}
        for old in list(self._tries)[:-MOST_TRIES]:
            del self._tries[old]

    def platform(self, now: datetime, ask: Callable[[], PlatformMetrics | None]) -> PlatformMetrics | None:
        """What MWAA told at most five minutes ago."""
        if self._platform is None or now - self._platform[0] >= FRESH:
            self._platform = (now, ask())
        return self._platform[1]


def _key(run: EndedRun) -> tuple[str, str, datetime]:
    return run.dag_id, run.run_id, run.ended_at

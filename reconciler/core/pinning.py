"""Which release a run uses, and what a DAG's history has to keep so that it stays so.

The loader in Airflow's containers follows the same rule; both are held to it by the tests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from reconciler.model.observation import DagRun
from reconciler.model.plan import DagPointer, HistoryEntry

PINNING_PROVEN = frozenset({"3.0.6", "3.2.1"})
"""Versions of Airflow on which runs were shown, by what their tasks did, to stay on their release."""


def due(history: Sequence[HistoryEntry], moment: datetime) -> HistoryEntry:
    """The newest entry that is due at a moment; before anything is due, the oldest."""
    return next((entry for entry in history if entry.since <= moment), history[-1])


def started_on(run: DagRun, pointer: DagPointer, now: datetime) -> HistoryEntry:
    """What a run started on; one that has not started will use what is due now."""
    return due(pointer.history, run.started_at or now)


def before_newest(pointer: DagPointer, bad: Collection[str]) -> tuple[HistoryEntry, ...]:
    """The history without the newest release, and without the ``bad`` ones."""
    return tuple(
        entry for entry in pointer.history if entry.release != pointer.release and entry.release not in bad
    )


def next_history(
    before: Sequence[HistoryEntry], newest: HistoryEntry, starts: Iterable[datetime], last_look: datetime
) -> tuple[HistoryEntry, ...]:
    """The history with ``newest`` on top, and of the entries before it only what somebody needs.

    ``starts`` are those of the runs in flight; after ``last_look`` others may have started. Parsing needs one
    older release to fall back to.
    """
    kept = {entry for entry in before if entry.since > last_look}
    if before:
        kept.update(due(before, moment) for moment in (*starts, last_look))
    kept.update([entry for entry in before if entry.release != newest.release][:1])
    return _collapsed((newest, *(entry for entry in before if entry in kept)))


def without(
    history: Sequence[HistoryEntry], bad: Collection[str], instead: HistoryEntry
) -> tuple[HistoryEntry, ...]:
    """The history in which ``instead`` takes the place of all ``bad`` releases, whatever a run's start."""
    return _collapsed(
        [
            instead.model_copy(update={"since": entry.since}) if entry.release in bad else entry
            for entry in history
        ]
    )


def absolved(history: Sequence[HistoryEntry], condemned: Collection[str]) -> tuple[HistoryEntry, ...]:
    """The history of a DAG that is the same in the release gone back to as in the condemned ones."""
    return tuple(
        entry.model_copy(update={"absolved": True}) if entry.release in condemned else entry
        for entry in history
    )


def _collapsed(history: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """Of neighbours with the same release and file the older one says all."""
    older: list[HistoryEntry | None] = [*history[1:], None]
    return tuple(
        entry
        for entry, next_older in zip(history, older, strict=True)
        if next_older is None or (entry.release, entry.file) != (next_older.release, next_older.file)
    )

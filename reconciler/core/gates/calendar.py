"""The calendar gate: no DAG loses scheduled runs by a new schedule that nobody said was meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from reconciler.core.calendar_change import calendar_change, in_words
from reconciler.core.narrative import names
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.model.release import DagId, ReleaseManifest
from reconciler.model.verdict import Decision, Verdict


def calendar(
    changes: Sequence[Change],
    calendar_of: Callable[[str], Mapping[str, str]],
    release: ReleaseManifest,
    announced: Collection[DagId],
    now: datetime,
) -> Verdict:
    """Hold back the DAGs that would have fewer runs in the days to come, unless they are ``announced``.

    ``changes`` are those that are no part of a rollback, which is held back by nothing here. ``calendar_of``
    gives the calendar that a live DAG has now.
    """
    lost = dict(_lost(changes, calendar_of, release, now))
    held = sorted(lost.keys() - set(announced))
    if not held:
        said = f" {names(sorted(lost))}: that was announced." if lost else ""
        return Verdict.go("calendar", f"No DAG loses runs that nobody spoke of.{said}")
    return Verdict(
        gate="calendar",
        decision=Decision.WAIT,
        reason=Reason.RUNS_WOULD_BE_LOST,
        message=f"{names(held)} would have fewer runs in the days to come. If that is meant, say so in "
        f"pointer.yaml: losesRuns: [{', '.join(held[:5])}]. `reconciler plan` says which runs.",
        dag_ids=tuple(held),
        evidence=tuple(f"{dag_id}: {lost[dag_id]}" for dag_id in held),
    )


def _lost(
    changes: Sequence[Change],
    calendar_of: Callable[[str], Mapping[str, str]],
    release: ReleaseManifest,
    now: datetime,
) -> Iterator[tuple[DagId, str]]:
    for change in changes:
        sealed = release.dags.get(change.dag_id)
        if change.new_calendar and sealed is not None:
            found = calendar_change(calendar_of(change.dag_id), sealed.calendar, now)
            if found is not None and found.lost:
                yield change.dag_id, in_words(found)

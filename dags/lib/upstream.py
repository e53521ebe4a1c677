"""Whether what a run reads is there: which batches of other DAGs are done, as OPS.PIPELINE_RUN knows them.

A schedule says when something should be there; this asks whether it is. Every DAG writes its row there
last, when its rows are shown and its tests have held: those that load as well as those that only transform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lib.intervals import Interval, Period, begin
from lib.warehouse.schemas import PIPELINE_RUN


@dataclass(frozen=True)
class Covered:
    """All of the interval has to be done by a DAG, in whatever pieces.

    `period`: which whole periods that DAG loads. One that had not ended with the interval is not waited for:
    what a banking day brings on a Friday comes on Monday, and Saturday's run does without.
    """

    dag_id: str
    interval: Interval
    period: Period = "day"

    def lacks(self, found: Sequence[Interval]) -> str | None:
        """What is not there, or None."""
        start, end = (begin(moment, self.period) for moment in (self.interval.start, self.interval.end))
        left = gaps(start, end, found)
        return f"{self.dag_id} lacks {', '.join(left)}" if left else None


@dataclass(frozen=True)
class Recent:
    """The newest of what a DAG has done has to end after `since`: for lists of which the last is enough."""

    dag_id: str
    since: datetime

    def lacks(self, found: Sequence[Interval]) -> str | None:
        """What is not there, or None."""
        if any(one.end > self.since for one in found):
            return None
        return f"{self.dag_id} has nothing newer than {self.since:%Y-%m-%d %H:%M}"


Need = Covered | Recent


def gaps(start: datetime, end: datetime, found: Iterable[Interval]) -> list[str]:
    """The parts from `start` to `end` that no interval covers, in words."""
    left, reached = [], start
    for one in sorted(found, key=lambda one: (one.start, one.end)):
        if one.start > reached and reached < end:
            left.append((reached, min(one.start, end)))
        reached = max(reached, one.end)
    if reached < end:
        left.append((reached, end))
    return [f"{a:%Y-%m-%d %H:%M} to {b:%Y-%m-%d %H:%M}" for a, b in left]


def done(connection, dag_id: str) -> list[Interval]:
    """The intervals that a DAG has done, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT DISTINCT "BATCH_ID" FROM {PIPELINE_RUN} WHERE "DAG_ID" = ? AND "STATE" = ? ORDER BY 1',
            (dag_id, "success"),
        )
        return [_interval(batch) for (batch,) in cursor.fetchall() if batch]


def lacking(connection, needs: Iterable[Need]) -> list[str]:
    """What is not there yet, in words; nothing when all is."""
    return [told for need in needs if (told := need.lacks(done(connection, need.dag_id)))]


def _interval(batch_id: str) -> Interval:
    start, end = batch_id.partition("|")[2].split("/")
    return Interval.read({"start": start, "end": end})

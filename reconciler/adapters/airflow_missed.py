"""Creates the scheduled runs that Airflow left out, by its own backfill: it knows its timetables best.

Called by the Airflow client. Backfill runs have their logical date and data interval, and do not count when
the scheduler asks whether a DAG may have another run; a manual run would, and so cost the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Protocol, TypeVar

from reconciler.adapters.airflow_transport import Refused
from reconciler.model.errors import Terminal

R = TypeVar("R")

_ONE_BY_ONE = 1
"""Runs of a backfill at the same time: the DAG's own limit does not hold for them."""

_TRIES = 5
"""Backfills that Airflow may leave without runs before we give up: SQLite takes one writer at a time."""

_NOT_DATES = 422
"""Airflow refuses so what has no schedule, and ``reprocess_behavior`` none where tasks depend on the past."""


class Tell(Protocol):
    """Repeats a change, unless it is answered with ``done``."""

    def __call__(self, call: Callable[[], R], done: int) -> R | None: ...


class MissedRuns:
    """Looks for missing runs of one DAG and creates them."""

    def __init__(self, client: Any, api: Any, ask: Callable[[Callable[[], Any]], Any], tell: Tell) -> None:
        self._client = client
        self._backfills = client.BackfillApi(api)
        self._ask = ask
        self._tell = tell
        self._alone = Lock()

    def create(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        """See ``ports.Airflow.create_missing``."""
        # One at a time: Airflow writes a backfill down before its runs, and may fail in between.
        with self._alone:
            try:
                return self._create(self._body(dag_id, since, until, "none"), most)
            except Refused as refused:
                if refused.status != _NOT_DATES:
                    raise
                # Of runs that depend on the past Airflow only fills gaps if it may also repeat what failed.
                return self._create(self._body(dag_id, since, until, "failed"), most)

    def _create(self, body: Any, most: int) -> Sequence[datetime]:
        missing = self._missing(body)
        if len(missing) > most:
            raise Terminal(
                f"{len(missing)} runs of {body.dag_id} are missing, {missing[0]:%Y-%m-%d %H:%M} to "
                f"{missing[-1]:%Y-%m-%d %H:%M} UTC, more than are created unasked.",
                "Create those that are needed with `airflow backfill create`.",
            )
        if not missing:
            return ()
        in_the_way: list[Any] = []
        for _ in range(_TRIES):
            # One that was created and whose answer was lost leaves nothing missing.
            if self._post(body) or not self._missing(body):
                return missing
            in_the_way = self._end_half_made(body)
            if in_the_way:
                break
        # One of ours, up to an earlier moment, ends when the DAG is un-paused. What alone was due since then
        # is the newest, which Airflow starts by itself.
        if len(missing) == 1 and any(_begins_alike(row, body) for row in in_the_way):
            return ()
        named = (f"{row.id}, {row.from_date.isoformat()} to {row.to_date.isoformat()}" for row in in_the_way)
        who = "; ".join(named) or "one that Airflow leaves without runs"
        raise Terminal(
            f"{body.dag_id} has another backfill ({who}): its {len(missing)} missing runs cannot be created.",
            f"When that has ended: `airflow backfill create --dag-id {body.dag_id} "
            f"--from-date {missing[0].isoformat()} --to-date {missing[-1].isoformat()}`.",
        )

    def _post(self, body: Any) -> bool:
        """False if the DAG has a backfill that is not done."""
        return self._tell(lambda: self._backfills.create_backfill(body), done=409) is not None

    def _end_half_made(self, body: Any) -> list[Any]:
        """End a backfill of ours whose runs Airflow then failed to make; those that are left in the way.

        Airflow writes the backfill down first and then all its runs in one transaction
        (`airflow/models/backfill.py`), so that one with runs missing has none of them. One that was in the
        way a moment ago may have ended since.
        """
        said = self._ask(lambda: self._backfills.list_backfills(body.dag_id, limit=100))
        there = [row for row in said.backfills if row.completed_at is None]
        half_made = [row for row in there if _begins_alike(row, body) and row.to_date == body.to_date]
        for row in half_made:
            self._tell(partial(self._backfills.cancel_backfill, row.id), done=409)
        return [row for row in there if row not in half_made]

    def _missing(self, body: Any) -> list[datetime]:
        said = self._ask(lambda: self._backfills.create_backfill_dry_run(body))
        return sorted(row.logical_date for row in said.backfills)

    def _body(self, dag_id: str, since: datetime, until: datetime, repeat: str) -> Any:
        return self._client.BackfillPostBody(
            dag_id=dag_id,
            from_date=since,
            to_date=until,
            max_active_runs=_ONE_BY_ONE,
            reprocess_behavior=self._client.ReprocessBehavior(repeat),
        )


def _begins_alike(row: Any, body: Any) -> bool:
    """Is it one of ours, for the same fence?"""
    return bool(row.from_date == body.from_date) and bool(row.max_active_runs == _ONE_BY_ONE)

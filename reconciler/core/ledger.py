"""The runs that calendars promise for some time, against those that exist: the proof that none was missed.

Called when a deployment has been over for long enough that each of its runs must have begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.core.narrative import names
from reconciler.core.timetable import timetable
from reconciler.model.observation import DagRun
from reconciler.model.plan import Action, Change
from reconciler.model.state import Accounting
from reconciler.model.value import Value

LATE = timedelta(minutes=3)
"""A run that Airflow has not started so long after it was due, it may not start at all."""

MOST = 2_000
"""Runs of one DAG that are compared at most."""


class Account(Value):
    """What was promised from ``since`` to ``until`` (UTC): how many runs of how many DAGs; and what is wrong.

    ``missing`` and ``waiting`` (there, but not begun) have a line for each run, ``untold`` the DAGs whose
    runs cannot be told in advance.
    """

    since: datetime
    until: datetime
    promised: int = 0
    dags: int = 0
    missing: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Does every run exist, and has it begun?"""
        return not (self.missing or self.waiting)


def opened(before: Accounting | None, now: datetime) -> Accounting:
    """A deployment begins: what is not accounted for yet is, together with it."""
    return Accounting(since=now - LATE) if before is None else before.model_copy(update={"until": None})


def skipping(open_: Accounting | None, changes: Sequence[Change]) -> Accounting | None:
    """A DAG that comes, goes or gets another calendar owes no certain runs in that time."""
    if open_ is None:
        return None
    came_or_went = (Action.ADD, Action.REMOVE)
    other = (one.dag_id for one in changes if one.new_calendar or one.action in came_or_went)
    return open_.model_copy(update={"skipped": open_.skipped.union(other)})


def closed(open_: Accounting | None, now: datetime) -> Accounting | None:
    """The deployment is over, well or not."""
    if open_ is None or open_.until is not None:
        return open_
    return open_.model_copy(update={"until": now})


def account(
    calendars: Mapping[str, Mapping[str, str]], runs: Sequence[DagRun], since: datetime, until: datetime
) -> Account:
    """Compare sealed ``calendars``, by DAG, with the ``runs`` that the clock started."""
    there = {(run.dag_id, run.due_at): run for run in runs}
    promised, dags = 0, 0
    missing, waiting, untold = list[str](), list[str](), list[str]()
    for dag_id, calendar in sorted(calendars.items()):
        known = timetable(calendar)
        if known is None:
            untold.append(dag_id)
            continue
        due = [at for at, _ in zip(known.due(since, until), range(MOST), strict=False)]
        promised, dags = promised + len(due), dags + bool(due)
        for at in due:
            run = there.get((dag_id, at))
            if run is None:
                missing.append(f"{dag_id}: no run for {at:%Y-%m-%d %H:%M:%S} UTC")
            elif run.state == "queued":
                waiting.append(f"{dag_id}: {run.run_id} is still queued")
    return Account(
        since=since,
        until=until,
        promised=promised,
        dags=dags,
        missing=tuple(missing),
        waiting=tuple(waiting),
        untold=tuple(untold),
    )


def in_words(account: Account) -> str:
    """One or two sentences for people."""
    span = f"from {account.since:%Y-%m-%d %H:%M:%S} to {account.until:%H:%M:%S} UTC"
    count = f"{account.promised} {'run was' if account.promised == 1 else 'runs were'} due {span}"
    if account.balanced:
        said = f"{count}, before, during and after the deployment: each of them exists."
    else:
        parts = [
            f"{len(lines)} {word} ({names(lines, 2)})"
            for lines, word in ((account.missing, "missing"), (account.waiting, "not begun"))
            if lines
        ]
        said = (
            f"{count}: {', '.join(parts)}. Look at the DAG in Airflow; `airflow backfill create` makes runs."
        )
    if account.untold:
        said += f" Of {names(account.untold, 3)} nobody can tell."
    return said

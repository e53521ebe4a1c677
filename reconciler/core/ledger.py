"""The runs that were promised for some time, against those that exist: the proof that none was missed.

The time begins shortly before the first write of a deployment: a change that only waits disturbs no run. It
is compared when the deployment has been over for long enough that each of its runs must have begun.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from reconciler.core.narrative import names
from reconciler.core.timetable import timetable
from reconciler.model.observation import DagRun
from reconciler.model.plan import DeletePointers, FlipBatch, Pause, PutSupport, RestartRuns, Step, Unpause
from reconciler.model.state import Accounting, EnvironmentState
from reconciler.model.value import Value

LATE = timedelta(minutes=3)
"""A run that Airflow has not started so long after it was due, it may not start at all."""

MOST = 2_000
"""Runs of one DAG that are compared at most: the newest, which are those around what was written last."""


class Account(Value):
    """What was promised from ``since`` to ``until`` (UTC): how many runs of how many DAGs; and what is wrong.

    ``gaps`` are the times, by DAG, for which the clock's run does not exist, ``put_off`` those for which
    Airflow leaves it out, or starts it later, because the DAG had as many in flight as it may. ``owed`` are
    the DAGs to which assets owe a run, of ``by_assets`` that were looked at. ``waiting`` (there, but not
    begun) and ``created`` (by us) have a line for each run. ``untold`` names the DAGs whose runs cannot be
    told in advance, ``cut`` those of which more runs were due than are compared, ``inactive`` those that
    are not active in Airflow, which starts none of them.
    """

    since: datetime
    until: datetime
    promised: int = 0
    dags: int = 0
    by_assets: int = 0
    gaps: dict[str, tuple[datetime, ...]] = {}
    owed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    put_off: dict[str, tuple[datetime, ...]] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """A line for each run that does not exist."""
        by_clock = (f"{dag_id}: no run for {_time(at)}" for dag_id, due in self.gaps.items() for at in due)
        return (*by_clock, *(f"{dag_id}: no run for its asset events" for dag_id in self.owed))

    @property
    def left_out(self) -> tuple[str, ...]:
        """A line for each run that was put off."""
        return tuple(
            f"{dag_id}: the run for {_time(at)}" for dag_id, due in self.put_off.items() for at in due
        )

    @property
    def balanced(self) -> bool:
        """Does every run exist, and has it begun, or was created?"""
        return not (self.missing or self.waiting)


def written(before: Accounting | None, step: Step, now: datetime) -> Accounting | None:
    """A step begins: what is not accounted for yet is, together with what it may do to runs.

    A DAG that comes, goes, gets another calendar or is paused by a person owes no certain runs then.
    """
    if not isinstance(step, PutSupport | FlipBatch | DeletePointers | Pause | Unpause | RestartRuns):
        return before
    open_ = before or Accounting(since=now - LATE)
    skipped = open_.skipped | _uncertain(step)
    return open_.model_copy(update={"until": None, "written_at": now, "refused": {}, "skipped": skipped})


def _uncertain(step: Step) -> frozenset[str]:
    match step:
        case FlipBatch():
            return frozenset(flip.pointer.dag_id for flip in step.flips if flip.new_calendar)
        case DeletePointers():
            return frozenset(step.dag_ids)
        case Pause():
            return frozenset(step.fences.keys() - set(step.ours))
        case _:
            return frozenset()


def closed(state: EnvironmentState, now: datetime) -> Accounting | None:
    """The deployment is over, well or not; while it keeps a DAG paused it is not."""
    open_ = state.accounting
    if open_ is None or open_.until is not None or state.fences:
        return open_
    return open_.model_copy(update={"until": now})


def quiet(state: EnvironmentState, now: datetime) -> Accounting | None:
    """A deployment that goes on, but writes nothing, is accounted for so far: who knows how long it waits."""
    open_ = state.accounting
    if open_ is None:
        return None
    until = (open_.written_at or open_.since + LATE) + LATE
    return closed(state, until) if until <= now else open_


def account(
    calendars: Mapping[str, Mapping[str, str]],
    runs: Sequence[DagRun],
    open_: Accounting,
    until: datetime,
    owed: Mapping[str, bool | None] = MappingProxyType({}),
) -> Account:
    """Compare sealed ``calendars``, by DAG, with the ``runs`` that the clock started.

    ``owed``: whether assets owe a run to each DAG that they start; None if that cannot be told.
    """
    found = _by_clock(calendars, runs, open_, until)
    told = {dag_id: is_owed for dag_id, is_owed in sorted(owed.items()) if is_owed is not None}
    made = (dag_id for dag_id, is_owed in told.items() if not is_owed and open_.creating.get(dag_id) == ())
    update = {
        "by_assets": len(told),
        "owed": tuple(dag_id for dag_id, is_owed in told.items() if is_owed),
        "created": (*found.created, *(f"{dag_id}: a run for its asset events" for dag_id in made)),
        "untold": tuple(sorted({*found.untold, *(owed.keys() - told.keys())})),
    }
    return found.model_copy(update=update)


def excused(found: Account, runs: Sequence[DagRun], at_once: Mapping[str, int | None]) -> Account:
    """Does not count as missing what was due while as many runs were in flight as the DAG may have.

    Without catchup, Airflow leaves out all of them but the newest on purpose. ``at_once``: how many it may
    have; of one that is not known, it is one.
    """
    gaps, put_off = dict[str, tuple[datetime, ...]](), dict[str, tuple[datetime, ...]]()
    for dag_id, due in found.gaps.items():
        own = [run for run in runs if run.dag_id == dag_id]
        told = at_once.get(dag_id)
        most = 1 if told is None else told
        full = tuple(at for at in due if sum(_in_flight(run, at) for run in own) >= most)
        if full:
            put_off[dag_id] = full
        if len(full) < len(due):
            gaps[dag_id] = tuple(at for at in due if at not in full)
    return found.model_copy(update={"gaps": gaps, "put_off": put_off})


def _in_flight(run: DagRun, at: datetime) -> bool:
    begun = run.in_flight_from is None or run.in_flight_from <= at
    return begun and (run.ended_at is None or run.ended_at >= at)


def _by_clock(
    calendars: Mapping[str, Mapping[str, str]], runs: Sequence[DagRun], open_: Accounting, until: datetime
) -> Account:
    there = {(run.dag_id, run.due_at): run for run in runs}
    gaps = dict[str, tuple[datetime, ...]]()
    promised, dags = 0, 0
    waiting, created, untold, cut = list[str](), list[str](), list[str](), list[str]()
    for dag_id, calendar in sorted(calendars.items()):
        known = timetable(calendar)
        if known is None:
            untold.append(dag_id)
            continue
        due = deque(known.due(open_.since, until), maxlen=MOST + 1)
        if len(due) > MOST:
            due.popleft()
            cut.append(dag_id)
        promised, dags = promised + len(due), dags + bool(due)
        if gap := tuple(at for at in due if (dag_id, at) not in there):
            gaps[dag_id] = gap
        for run in (there[dag_id, at] for at in due if (dag_id, at) in there):
            # What is there now and was not, and no scheduler made, was made by us.
            if run.run_type == "backfill" and run.due_at in open_.creating.get(dag_id, ()):
                created.append(f"{dag_id}: the run for {_time(run.due_at)}")
            elif run.state == "queued":
                waiting.append(f"{dag_id}: {run.run_id} is still queued")
    return Account(
        since=open_.since,
        until=until,
        promised=promised,
        dags=dags,
        gaps=gaps,
        waiting=tuple(waiting),
        created=tuple(created),
        untold=tuple(untold),
        cut=tuple(cut),
    )


def in_words(account: Account, left: Iterable[str] = ()) -> str:
    """Some sentences for people; ``left`` are DAGs whose missing runs could not be created."""
    said = [_clock_in_words(account)]
    if account.inactive:
        said.append(f"Not active in Airflow, so that no run starts: {names(account.inactive)}.")
    if account.cut:
        said.append(f"More were due of {names(account.cut)}: only the newest {MOST} of a DAG were looked at.")
    if account.by_assets:
        looked_at = f"{account.by_assets} DAG{'s' if account.by_assets > 1 else ''} that assets start"
        owes = f"a run is owed to {names(account.owed)}" if account.owed else "no run is owed"
        said.append(f"Of {looked_at}, {owes}.")
    if account.created:
        said.append(f"Created, for they were missing: {names(account.created)}.")
    if refused := names(left):
        said.append(f"Not created: {refused}; the evidence says why, and what to do.")
    if not account.balanced:
        said.append("Look at the DAG in Airflow; `airflow backfill create` makes runs by the clock.")
    if account.untold:
        said.append(f"Of {names(account.untold, 3)} nobody can tell.")
    return " ".join(said)


def unknown_in_words(since: datetime, until: datetime, why: str) -> str:
    """Some sentences for people where no account could be made."""
    return (
        f"Whether every run exists that was due {_span(since, until)}, before, during and after the "
        f"deployment, could not be found out, and it is not tried again. {why} Compare the runs of the DAGs "
        "in Airflow with their schedules."
    )


def _span(since: datetime, until: datetime) -> str:
    date = "" if until.date() == since.date() else f"{until:%Y-%m-%d} "
    return f"from {since:%Y-%m-%d %H:%M:%S} to {date}{until:%H:%M:%S} UTC"


def _clock_in_words(account: Account) -> str:
    span = _span(account.since, account.until)
    if not account.promised:
        return f"No run was due by the clock {span}."
    count = f"{account.promised} {'run was' if account.promised == 1 else 'runs were'} due {span}"
    by_clock = account.missing[: len(account.missing) - len(account.owed)]
    parts = [
        f"{len(lines)} {word} ({names(lines, 2)})"
        for lines, word in (
            (by_clock, "missing"),
            (account.waiting, "not begun"),
            (
                account.left_out,
                "left out by Airflow, or put off, for the DAG had as many in flight as it may",
            ),
        )
        if lines
    ]
    if not account.balanced:
        return f"{count}: {', '.join(parts)}."
    if parts:
        return f"{count}: {', '.join(parts)}; each of the others exists."
    return f"{count}, before, during and after the deployment: each of them exists."


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

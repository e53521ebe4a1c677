"""What Airflow shows while versions change: polled at 20 Hz, ours and `aws s3 sync --delete`, in turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks import timing
from benchmarks.airflow_view import AirflowView
from benchmarks.deploy import begin
from benchmarks.options import Options
from benchmarks.reconciled import reconciled
from benchmarks.result import Cell, Result, Samples, Table
from benchmarks.s3_sync import s3_synced
from benchmarks.states import Poll, Tally, tally

DAGS = 25
HERTZ = 20
AFTERWARDS = 3.0
"""Seconds of polling after all is live: what is wrong then counts too."""


def run(options: Options) -> Result:
    """Every DAG and its library change, on both sides alike."""
    how, say = timing.local(DAGS), options.say
    ours_tallies, theirs_tallies = [], []
    with (
        reconciled(options.folder, DAGS, how, say) as ours,
        s3_synced(options.folder, ours.info, DAGS, how, say) as theirs,
    ):
        begin(ours, theirs, say)
        ids = theirs.ids
        for number in range(options.times(3, 10)):
            version = f"1.{number + 1}.0"
            ours.code.publish(version)
            polls = _polled(ours.info.airflows["dev"].url, partial(ours.deploy, version))
            ours_tallies.append(tally(polls, ids, version, ours.code.releases))
            polls = _polled(theirs.airflow_url, partial(theirs.deploy, version))
            theirs_tallies.append(tally(polls, ids, version, {}))
            say(f"{version}: {_line(ours_tallies[-1])}; s3 sync {_line(theirs_tallies[-1])}")
    told = {"DAGs": DAGS, "flips": options.times(3, 10), "polled at": f"{HERTZ} Hz", **how.told()}
    columns = {"reconciler": ours_tallies, "`aws s3 sync --delete`": theirs_tallies}
    return Result((_table(columns),), told)


def _polled(url: str, change: Callable[[], object]) -> list[Poll]:
    """What Airflow said, poll by poll, while something is changed."""
    polls: list[Poll] = []
    troubles: list[OSError] = []
    over = threading.Event()
    # A view of its own: a connection serves one thread.
    view = AirflowView(url)

    def poll() -> None:
        while not over.is_set():
            at = time.time()
            try:
                polls.append((at, view.dags(DAGS)))
            except OSError as trouble:
                troubles.append(trouble)
            over.wait(max(0.0, 1 / HERTZ - (time.time() - at)))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        change()
        over.wait(AFTERWARDS)
    finally:
        over.set()
        thread.join()
    if troubles:
        raise troubles[0]
    return polls


def _table(columns: Mapping[str, Sequence[Tally]]) -> Table:
    def each(quantity: Callable[[Tally], float], unit: str) -> list[Samples]:
        return [Samples(unit, tuple(quantity(one) for one in many)) for many in columns.values()]

    def total(quantity: Callable[[Tally], int]) -> list[int]:
        return [sum(quantity(one) for one in many) for many in columns.values()]

    rows: tuple[tuple[Cell, ...], ...] = (
        ("polls", *total(lambda one: one.polls)),
        ("polls a second", *each(lambda one: one.hertz, "")),
        ("polls in which a DAG is missing", *total(lambda one: one.missing_polls)),
        ("polls in which a DAG is made of two versions", *total(lambda one: one.mixed_polls)),
        ("most DAGs of two versions at once", *(max(t.mixed_dags for t in m) for m in columns.values())),
        ("DAGs of two versions, for", *each(lambda one: one.mixed_seconds, "s")),
        ("first DAG new → last DAG new", *each(lambda one: one.spread, "s")),
    )
    return Table(("", *columns), rows)


def _line(one: Tally) -> str:
    return f"{one.polls} polls, missing in {one.missing_polls}, mixed in {one.mixed_polls}"

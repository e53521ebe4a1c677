"""What Airflow shows while versions change: polled at 20 Hz, ours and `aws s3 sync --delete`, in turns."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import airflow_database, timing
from benchmarks.deploy import begin
from benchmarks.environment_files import ENVIRONMENT
from benchmarks.options import Options
from benchmarks.reconciled import Reconciled, reconciled
from benchmarks.result import Cell, Result, Samples, Table
from benchmarks.s3_sync import S3Sync, s3_synced
from benchmarks.states import Poll, Tally, tally

DAGS = 25
HERTZ = 20
AFTERWARDS = 3.0
"""Seconds of polling after all is live: what is wrong then counts too."""


KINDS = {
    False: "A value of the library changes",
    True: "The library gets a name, which the DAGs import",
}
"""Whether the DAGs import a name that is new in the version -> what that is called."""


def run(options: Options) -> Result:
    """Every DAG and its library change, on both sides alike."""
    how, say = timing.local(DAGS), options.say
    found: dict[bool, tuple[list[Tally], list[Tally]]] = {kind: ([], []) for kind in KINDS}
    with (
        reconciled(options.folder, DAGS, how, say) as ours,
        s3_synced(options.folder, ours.info, DAGS, how, say) as theirs,
    ):
        begin(ours, theirs, say)
        for number in range(options.times(3, 10)):
            for new_name, (mine, others) in found.items():
                version = f"1.{number + 1}.{int(new_name)}"
                mine.append(_ours(ours, theirs.ids, version, new_name))
                others.append(_theirs(theirs, version, new_name))
                say(f"{version}: {_line(mine[-1])}; s3 sync: {_line(others[-1])}")
    tables = [_table(KINDS[new_name], *tallies) for new_name, tallies in found.items()]
    told = {"DAGs": DAGS, "flips of each": options.times(3, 10), "polled at": f"{HERTZ} Hz"}
    return Result(tuple(tables), {**told, **how.told()})


def _ours(side: Reconciled, ids: Sequence[str], version: str, new_name: bool) -> Tally:
    side.code.publish(version, new_name=new_name)
    polls = _polled(side.info.airflows[ENVIRONMENT].home, partial(side.deploy, version))
    return tally(polls, ids, version, side.code.releases)


def _theirs(side: S3Sync, version: str, new_name: bool) -> Tally:
    polls = _polled(side.airflow_home, partial(side.deploy, version, new_name=new_name))
    return tally(polls, side.ids, version, {})


def _polled(airflow_home: str, change: Callable[[], object]) -> list[Poll]:
    """What Airflow said, poll by poll, while something is changed."""
    polls: list[Poll] = []
    troubles: list[sqlite3.Error] = []
    over = threading.Event()

    def poll() -> None:
        while not over.is_set():
            at = time.time()
            try:
                polls.append((at, airflow_database.dags(Path(airflow_home))))
            except sqlite3.Error as trouble:
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


def _table(title: str, ours: Sequence[Tally], theirs: Sequence[Tally]) -> Table:
    columns = {"reconciler": ours, "`aws s3 sync --delete`": theirs}

    def each(quantity: Callable[[Tally], float], unit: str) -> list[Samples]:
        return [Samples(unit, tuple(quantity(one) for one in many)) for many in columns.values()]

    def total(quantity: Callable[[Tally], int]) -> list[int]:
        return [sum(quantity(one) for one in many) for many in columns.values()]

    rows: tuple[tuple[Cell, ...], ...] = (
        ("polls", *total(lambda one: one.polls)),
        ("polls a second", *each(lambda one: one.hertz, "")),
        ("polls in which a DAG is missing", *total(lambda one: one.missing_polls)),
        ("polls in which a DAG is made of two versions", *total(lambda one: one.mixed_polls)),
        ("most DAGs missing at once", *(max(one.missing_dags for one in many) for many in columns.values())),
        ("most of two versions at once", *(max(one.mixed_dags for one in many) for many in columns.values())),
        ("missing, for", *each(lambda one: one.missing_seconds, "s")),
        ("of two versions, for", *each(lambda one: one.mixed_seconds, "s")),
        ("first DAG new → last DAG new", *each(lambda one: one.spread, "s")),
    )
    return Table((title, *columns), rows)


def _line(one: Tally) -> str:
    return f"{one.polls} polls, missing in {one.missing_polls}, mixed in {one.mixed_polls}"

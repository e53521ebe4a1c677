"""Are no more values missing than usual, in what changed DAGs load?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from statistics import median

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.robust import distance, unheard_of
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import Record
from reconciler.model.watch import Measurement

_LEAST, _MORE = 0.002, 0.02
"""Shares of rows: what is taken for the same, and by how much it has to grow to be told."""

_Column = tuple[str, str, str, str]
_Share = tuple[datetime, float]


def null_rate(scene: Scene) -> Measurement | None:
    """The share of rows without a value, by column, of the last batches since the change.

    From what tests for values that are missing have counted, and the rows of the same batch.
    """
    name, record = SignalName.NULL_RATE, scene.evidence.record
    if record is None:
        return unknown(scene, name) if name in scene.evidence.troubles else None
    seen, spec = Sorted(), scene.spec(name)
    for key, (before, since) in _shares(scene, record).items():
        dag_id, table, column, _ = key
        last = since[-2:] if scene.runs_often(dag_id) else since[-1:]
        if not last or len(last) < (2 if scene.runs_often(dag_id) else 1) or len(before) < spec.at_least:
            continue
        what = f"{table}.{column}" if column else table
        share = min(last)
        away = distance(share, before, _LEAST)
        seen.saw(max(away, 0))
        seen.dags[what] = dag_id
        more = share - median(before)
        if away > spec.limit and more > _MORE and unheard_of(share, before):
            seen.bad[what] = f"{what}: {share:.1%} of rows have no value, before {median(before):.1%}"
        else:
            seen.good.add(what)
    return summed_up(
        scene,
        name,
        seen,
        "No more values are missing than usual.",
        "There are not enough batches to compare how many values are missing.",
        "lacks more values than before the change",
    )


def _shares(scene: Scene, record: Record) -> dict[_Column, tuple[list[float], list[float]]]:
    rows = {(one.batch, _name(one.table)): one.rows for one in record.loads if one.rows and one.batch}
    found = defaultdict[_Column, tuple[list[float], list[_Share]]](lambda: ([], []))
    for test in sorted(record.tests, key=lambda one: one.checked_at):
        if test.dag_id not in scene.touched or test.failing is None:
            continue
        of = rows.get((test.batch, _name(test.table)))
        if not of or "null" not in f"{test.rule} {test.expectation}".lower():
            continue
        share = min(test.failing / of, 1.0)
        key = (test.dag_id, test.table, test.column, test.rule)
        if test.checked_at < scene.touched[test.dag_id]:
            found[key][0].append(share)
        elif scene.is_since(test.dag_id, test.checked_at):
            found[key][1].append((test.checked_at, share))
    name = SignalName.NULL_RATE
    return {
        key: (before, [share for _, share in scene.newest(name, since, lambda one: one[0])])
        for key, (before, since) in found.items()
    }


def _name(table: str) -> str:
    """A table's name without its schema: tests do not always say that."""
    return table.rpartition(".")[2].upper()

"""Are the tables of changed DAGs as fresh as they usually are?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from itertools import pairwise

from reconciler.core.verification.measuring import Sorted, summed_up, unknown
from reconciler.core.verification.scene import Scene
from reconciler.model.health import SignalName
from reconciler.model.seen import Record
from reconciler.model.watch import Measurement


def freshness(scene: Scene) -> Measurement | None:
    """How long ago each table got rows, against the longest it usually waits; the longest wait ever is none.

    In times of that: a table that gets nothing at weekends is not stale on a Sunday. One that was stale when
    its DAG changed is not the release's doing.
    """
    name, record = SignalName.FRESHNESS, scene.evidence.record
    if record is None:
        return unknown(scene, name) if name in scene.evidence.troubles else None
    seen, spec = Sorted(), scene.spec(name)
    for (dag_id, table), loads in _loads(scene, record).items():
        flipped = scene.touched[dag_id]
        before = [at for at in loads if at < flipped]
        gaps = sorted(later - earlier for earlier, later in pairwise(before))
        if len(gaps) < spec.at_least:
            continue
        usual, longest = gaps[len(gaps) // 2], gaps[-2]
        stale_from = max(usual * spec.limit, longest * 1.5)
        last = loads[-1]
        age = scene.at - last
        seen.saw(age / usual if usual else 0)
        seen.dags[table] = dag_id
        if age <= stale_from or flipped - before[-1] > stale_from:
            seen.good.add(table)
        else:
            seen.bad[table] = (
                f"{table}: got rows last {_long(age.total_seconds())} ago, usually each "
                f"{_long(usual.total_seconds())}"
            )
    return summed_up(
        scene,
        name,
        seen,
        "Tables are as fresh as they usually are.",
        "There are not enough loads to tell how fresh tables usually are.",
        "is not as fresh as usual",
    )


def _loads(scene: Scene, record: Record) -> dict[tuple[str, str], list[datetime]]:
    found = defaultdict[tuple[str, str], list[datetime]](list)
    for load in sorted(record.loads, key=lambda one: one.loaded_at):
        if load.dag_id in scene.touched:
            found[load.dag_id, load.table].append(load.loaded_at)
    return found


def _long(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"

"""A release under watch, and what one look finds of it: well, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from reconciler.core.verification import Judged, judge
from reconciler.model.health import HealthSpec, SignalName, WarehouseRecord
from reconciler.model.observation import AirflowDag, DagRun
from reconciler.model.seen import EndedRun, Evidence, Heartbeats, Record
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Judgement, Measurement, Watch
from tests import builders
from tests.builders import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RELEASE = builders.release_manifest(3, seed="2.0.0")
OLD = builders.release_manifest(3)
ONE, TWO, THREE = builders.dag_ids(3)
RECORD = WarehouseRecord(account="a", user="u", database="DB", key_secret="k")
FLIP = NOW
"""When the DAGs of the release were flipped."""


def spec(**other: Any) -> HealthSpec:
    """As by default, with a record."""
    return HealthSpec(record=RECORD, **other)


def watched(*touched: str, live: bool = True, **other: Any) -> EnvironmentState:
    """The release is live since ``FLIP``, and changed these DAGs."""
    watch = Watch(
        release=RELEASE.id,
        revision="b" * 40,
        attempt=2,
        of=OLD.id,
        begun_at=FLIP - MINUTE,
        live_at=FLIP if live else None,
        touched=dict.fromkeys(touched, FLIP),
        **other,
    )
    return builders.state(release=RELEASE).model_copy(update={"watch": watch})


def dags(at: Any) -> dict[str, AirflowDag]:
    """All three DAGs, as they should be."""
    return {dag_id: dag(dag_id, at) for dag_id in (ONE, TWO, THREE)}


def dag(dag_id: str, at: Any, **other: Any) -> AirflowDag:
    """A DAG that was just parsed on its release."""
    known: dict[str, Any] = {
        "active": True,
        "paused": False,
        "release": RELEASE.id,
        "last_parsed_at": at,
        "next_run_at": at + HOUR,
    }
    return AirflowDag(dag_id=dag_id, **(known | other))


def seen(minutes: float, **other: Any) -> Evidence:
    """A look so many minutes after the flip."""
    at = FLIP + minutes * MINUTE
    known: dict[str, Any] = {
        "dags": dags(at),
        "import_errors": (),
        "runs": (),
        "in_flight": (),
        "missed": (),
        "heartbeats": Heartbeats(scheduler=at, dag_processor=at),
        "record": Record(),
        "ticked_at": at,
    }
    return Evidence(at=at, **(known | other))


def run(dag_id: str, minutes: float, state: str = "success", takes: float = 60, **other: Any) -> EndedRun:
    """A run that began so many minutes after the flip (negative: before it) and took some seconds."""
    begun = FLIP + minutes * MINUTE
    return EndedRun(
        dag_id=dag_id,
        run_id=f"run_{minutes}",
        state=state,
        started_at=begun,
        ended_at=begun + timedelta(seconds=takes),
        **other,
    )


def in_flight(dag_id: str, minutes: float) -> DagRun:
    """A run that began so many minutes after the flip and has not ended."""
    begun = FLIP + minutes * MINUTE
    return DagRun(
        dag_id=dag_id,
        run_id=f"run_{minutes}",
        state="running",
        run_type="scheduled",
        started_at=begun,
        due_at=begun,
    )


def history(dag_id: str, count: int, every: timedelta = DAY, **other: Any) -> tuple[EndedRun, ...]:
    """So many good runs before the flip, the last one ``every`` before it."""
    return tuple(run(dag_id, -number * (every / MINUTE), **other) for number in range(count, 0, -1))


def looks(state: EnvironmentState, evidence: Iterable[Evidence], health: HealthSpec | None = None) -> Judged:
    """What several looks come to."""
    judged = Judged(state=state)
    for one in evidence:
        judged = judge(judged.state, health or spec(), one)
    return judged


def measured(judged: Judged, name: SignalName) -> Measurement:
    """What was measured of a signal."""
    return next(one for one in judged.measurements if one.signal is name)


def outcome(
    state: EnvironmentState, evidence: Evidence, name: SignalName, health: HealthSpec | None = None
) -> Judgement:
    """What one look at a signal comes to."""
    return measured(judge(state, health or spec(), evidence), name).outcome

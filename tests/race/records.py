"""What the simulated Airflow knows of DAGs and runs, and what its tasks wrote down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from random import Random


@dataclass(frozen=True)
class TaskRecord:
    """A task that began: ``at`` (seconds), in which container, on which release, which is this chain."""

    task: str
    life: int
    at: float
    container: str
    release: str
    tasks: tuple[str, ...]
    fingerprint: str


@dataclass
class Run:
    """A run. ``life`` counts its restarts; ``graphs`` are the chains the scheduler used, by life."""

    dag_id: str
    run_id: str
    kind: str
    created_at: float
    random: Random
    state: str = "queued"
    start: datetime | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    life: int = 0
    frozen: bool = False
    done: set[str] = field(default_factory=set)
    graphs: dict[int, tuple[str, ...]] = field(default_factory=dict)
    changes: list[tuple[int, str]] = field(default_factory=list)
    records: list[TaskRecord] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)


@dataclass
class AssetEvent:
    """An asset event for a DAG. ``stamp``: by Airflow's clock; ``made``: a run was made of it."""

    at: float
    stamp: datetime
    excused: bool
    made: bool = False


@dataclass
class DagRow:
    """A DAG in Airflow's database. ``ours``: paused over the API, not by a person."""

    dag_id: str
    active: bool = False
    paused: bool = False
    ours: bool = False
    paused_at: float = 0.0
    release: str | None = None
    tasks: tuple[str, ...] = ()
    parsed_at: float = 0.0
    problem: tuple[str, float] | None = None
    in_flight: list[Run] = field(default_factory=list)
    overdue: list[tuple[float, bool]] = field(default_factory=list)
    events: list[AssetEvent] = field(default_factory=list)

    @property
    def starts_runs(self) -> bool:
        """May runs of it be made and started?"""
        return self.active and not self.paused

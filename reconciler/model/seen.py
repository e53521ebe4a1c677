"""What was seen of an environment that is to be judged: values, gathered in one look, judged elsewhere.

All times are UTC. ``None`` in place of a value: it could not be had, and ``Evidence.troubles`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.model.health import SignalName
from reconciler.model.observation import AirflowDag, DagRun, ImportProblem
from reconciler.model.value import Value


class EndedRun(Value):
    """A run that ended: ``state`` is ``success`` or ``failed``; times in seconds since it was started.

    ``tries``: how often its tasks were begun beyond the first time, all together; None: not asked for.
    """

    dag_id: str
    run_id: str
    state: str
    started_at: datetime
    ended_at: datetime
    tries: int | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_at - self.started_at).total_seconds()


class Heartbeats(Value):
    """When Airflow's parts last gave a sign of life; None: it tells none of that part."""

    scheduler: datetime | None = None
    dag_processor: datetime | None = None
    triggerer: datetime | None = None


class RecordedRun(Value):
    """What a run of a pipeline wrote down of itself: rows that it read and wrote.

    ``started_at``: when the run did, where it tells.
    """

    dag_id: str
    run_id: str
    rows_in: int | None = None
    rows_out: int | None = None
    state: str = ""
    started_at: datetime | None = None
    ended_at: datetime


class RecordedTest(Value):
    """What a test of data wrote down, of one ``batch``. ``failing``: so many rows broke it, where it tells.

    ``dag_id`` is that of the run which asked for it, where that is known; ``expectation`` the kind of rule.
    """

    dag_id: str
    table: str
    rule: str
    column: str = ""
    severity: str
    passed: bool
    observed: str = ""
    failing: int | None = None
    expectation: str = ""
    batch: str = ""
    checked_at: datetime


class RecordedLoad(Value):
    """When a table got the rows of a ``batch``, how many, and up to which end of a data interval."""

    dag_id: str
    table: str
    interval_end: datetime
    rows: int | None = None
    batch: str = ""
    loaded_at: datetime


class Record(Value):
    """What the warehouse has of a window of time, each oldest first."""

    runs: tuple[RecordedRun, ...] = ()
    tests: tuple[RecordedTest, ...] = ()
    loads: tuple[RecordedLoad, ...] = ()


class PlatformMetrics(Value):
    """MWAA's own metrics, the newest value of each in the window; a name that is not there was not told."""

    values: Mapping[str, float] = {}


class MissedRun(Value):
    """A run that a timetable promised and that does not exist, or has not begun long after it should."""

    dag_id: str
    due_at: datetime
    exists: bool


class Evidence(Value):
    """All that one look has found, ``at`` a time.

    ``runs`` are those of changed DAGs that ended, also before the change: their own baseline. ``missed`` and
    ``in_flight`` are of all DAGs that are live here. ``calendars``: when each changed DAG is due, as sealed
    in the release that it is on, as far as that is known. ``busy``: what MWAA does with the environment now;
    only asked for if something is amiss.
    """

    at: datetime
    dags: Mapping[str, AirflowDag] | None = None
    import_errors: tuple[ImportProblem, ...] | None = None
    runs: tuple[EndedRun, ...] | None = None
    in_flight: tuple[DagRun, ...] | None = None
    missed: tuple[MissedRun, ...] | None = None
    heartbeats: Heartbeats | None = None
    record: Record | None = None
    platform: PlatformMetrics | None = None
    ticked_at: datetime | None = None
    calendars: Mapping[str, Mapping[str, str]] = {}
    busy: str | None = None
    troubles: Mapping[SignalName, str] = {}

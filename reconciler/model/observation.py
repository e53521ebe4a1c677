"""What was seen of the outside: Git commits, files in the DAG folder, DAGs and runs in Airflow."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.value import Value


class Commit(Value):
    """A commit of the environment repo. ``author``, ``committer`` and co-authors read ``Name <email>``.

    ``signer``: the address whose key signed it, where that was asked for and the signature is good; else
    ``flaw`` says what git found instead.
    """

    sha: str
    author: str
    committer: str
    at: datetime
    subject: str
    co_authors: tuple[str, ...] = ()
    signer: str = ""
    flaw: str = ""


class SignedTag(Value):
    """A tag as Git knows it: its name, the ``commit`` it is on, its message, and whose key signed it.

    ``signed_name`` and ``at`` are what the signature covers. ``signer`` is empty unless git itself found a
    good signature by a key of the people asked for; ``flaw`` says what it found instead.
    """

    name: str
    commit: str
    signed_name: str = ""
    at: datetime | None = None
    message: str = ""
    signer: str = ""
    flaw: str = ""


class AirflowDag(Value):
    """A DAG as Airflow sees it. ``release`` is the release it was tagged with by the loader, if any.

    ``by_assets``: it is scheduled by asset events. ``next_run_at`` and ``next_logical_date``: when its next
    scheduled run is due, and for what date. ``at_once``: so many may be in flight, if that is told.
    """

    dag_id: str
    active: bool
    paused: bool
    release: str | None
    last_parsed_at: datetime | None
    by_assets: bool = False
    next_run_at: datetime | None = None
    next_logical_date: datetime | None = None
    at_once: int | None = None


class DagRun(Value):
    """A DAG run. In flight its ``state`` is ``queued`` or ``running``.

    ``started_at``: when the scheduler set it running, which is what the loader pins it by. ``due_at``: from
    when on it might run. ``queued_at`` and ``ended_at``: from when to when it was in flight.
    """

    dag_id: str
    run_id: str
    state: str
    run_type: str
    started_at: datetime | None
    due_at: datetime | None = None
    queued_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def in_flight_from(self) -> datetime | None:
        """Since when it was queued or running; None if that is not told."""
        return min(filter(None, (self.queued_at, self.started_at)), default=None)


class ImportProblem(Value):
    """A file that Airflow could not import: path in the DAG folder, and the last line of its traceback."""

    file: str
    message: str
    at: datetime | None = None

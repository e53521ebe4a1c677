"""What the engine needs of the world, with the guarantees that every implementation has to give.

Implemented in ``adapters`` (the real thing and an in-memory twin of each, held to one contract suite) and
``targets``. All times are UTC. Unless a method says otherwise it raises ``Transient`` when the outside does
not answer, is overloaded or fails on its side, and ``Terminal`` when it refuses us.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.alarm import Alarm, AlarmValue
from reconciler.model.artifact import ArtifactManifest
from reconciler.model.component import Component
from reconciler.model.event import Event, EventDraft
from reconciler.model.lease import Lease
from reconciler.model.observation import AirflowDag, Commit, DagRun, ImportProblem, SignedTag
from reconciler.model.plan import Step
from reconciler.model.reason import TriggeredBy
from reconciler.model.release import ReleaseManifest
from reconciler.model.seen import EndedRun, Heartbeats, PlatformMetrics, Record
from reconciler.model.state import Changes, EnvironmentState, Operation, StepRecord, StepResult


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""


class EnvironmentRepo(Protocol):
    """The environment repo on its Git server, one branch of it."""

    def tip(self) -> str:
        """The full SHA of the branch's newest commit. ``Terminal`` if the branch does not exist."""

    def files(self, revision: str) -> Mapping[str, bytes]:
        """The files below the configured folder at a commit, by path relative to that folder.

        ``Terminal`` if the commit is unknown, or the folder is larger than is sane (2 MiB, 2,000 files).
        """

    def commit(self, revision: str) -> Commit:
        """Who made a commit, when, and its subject."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Is ``ancestor`` part of ``descendant``'s history, or the same? False for one not known."""

    def log(self, revision: str, path: str, limit: int) -> Sequence[Commit]:
        """The commits up to ``revision`` that touched a path of the folder, newest first."""

    def between(self, since: str | None, until: str) -> Sequence[str]:
        """The ids of the commits up to ``until`` that ``since`` does not have, newest first; None: all.

        ``Terminal`` if there are more than 10,000.
        """

    def changes(
        self, since: str | None, until: str, paths: Sequence[str], signers: str, newest: int | None = None
    ) -> Sequence[Commit]:
        """Those of them that touched one of these files, with their co-authors and signers, newest first.

        A merge is one only if, in these files, it is like none of its parents or drops what one of them
        changed: the first is always one that says what ``until`` says. ``signers`` is the text of an
        ``allowed_signers``: a signature by anybody else counts for none. ``newest``: no more than so many;
        None: all, and ``Terminal`` if there are more than 500.
        """

    def touched(self, revision: str) -> Sequence[str] | None:
        """The files that a commit changes against its parent, by path relative to the folder.

        Those outside it begin with ``../``. None for a merge, and for a commit that has no parent.
        """

    def approvals(self, environment: str, commits: Sequence[str], signers: str) -> Sequence[SignedTag]:
        """The tags ``approval/<environment>/<commit>/<who>`` of these commits, as git verifies them now."""

    def sign(self, name: str, commit: str, message: str, key: str) -> None:
        """Put a tag on a commit, signed with an SSH key as git's ``user.signingkey`` names it, and push it.

        Takes the place of a tag of that name. ``Terminal`` if the key cannot be used.
        """

    def push(self, base: str, files: Mapping[str, bytes], message: str) -> Commit:
        """Commit ``files`` (paths relative to the folder) on top of ``base`` and push it to the branch.

        Signed, where who commits has a key; ``Terminal`` if that cannot be used. Never forces: raises
        ``Conflict`` if the branch has moved on from ``base``.
        """


class Reverter(Protocol):
    """The environment repo, pushed to by the identity that reverts, and by nobody else."""

    def push(self, base: str, files: Mapping[str, bytes], message: str, in_force: str) -> Commit:
        """As ``EnvironmentRepo.push``, always signed. ``Terminal`` if there is no key that can be used.

        ``in_force``: the ``allowed_signers`` by which the commit will be judged. The key has to be valid now
        both there and in those of ``base``.
        """

    def check(self, in_force: str) -> None:
        """Do all of a push on the tip but the push: ``Terminal`` says what would keep it from being made."""


class ArtifactStore(Protocol):
    """Immutable, content-addressed artifacts and releases."""

    def resolve(self, component: Component, version: str) -> str | None:
        """The digest that a version stands for, once and for ever; None if it was never published."""

    def versions(self, component: Component) -> Sequence[str]:
        """All published versions of a component, in no particular order."""

    def manifest(self, component: Component, digest: str) -> ArtifactManifest:
        """An artifact's manifest. ``Terminal`` if it is not there."""

    def open(self, component: Component, digest: str) -> bytes:
        """An artifact's ``artifact.tar.gz``. ``Terminal`` if it is not there."""

    def publish(self, manifest: ArtifactManifest, archive: bytes) -> bool:
        """Store an artifact and claim its version. True if it was new, False if the same was there.

        ``Terminal`` if the version stands for another digest. The version is claimed last, so a crash
        leaves no version without its bytes.
        """

    def release(self, release_id: str) -> ReleaseManifest | None:
        """A sealed release's manifest, or None if that combination is not sealed."""

    def open_release(self, release_id: str) -> bytes:
        """A release's archive, checked against its manifest. ``Terminal`` if absent or not the same bytes."""

    def seal(self, manifest: ReleaseManifest, archive: bytes) -> bool:
        """Store a sealed release, its manifest last. True if it was new; the first one stays."""


class DagFolder(Protocol):
    """The folder that Airflow's containers copy. Keys are relative to it."""

    def list(self) -> Mapping[str, str]:
        """Every key with its etag; one call per 1,000 keys."""

    def read(self, key: str) -> bytes | None:
        """A file's body, or None if it is not there."""

    def put(self, key: str, body: bytes, if_match: str | None) -> str:
        """Write a file and return its etag.

        Only if its etag is still ``if_match``; None: only if it does not exist. Else ``Conflict``, unless it
        holds these very bytes: a write whose answer was lost may be repeated.
        """

    def delete(self, key: str, if_match: str) -> None:
        """Delete a file if its etag is still ``if_match``, else ``Conflict``. Absent already: fine."""


class Airflow(Protocol):
    """One Airflow, over its API."""

    def dags(self, dag_ids: Sequence[str]) -> Mapping[str, AirflowDag]:
        """Those of the DAGs that Airflow knows, stale ones included."""

    def active_runs(self, dag_ids: Sequence[str]) -> Sequence[DagRun]:
        """The runs of these DAGs that are queued or running, of every type."""

    def usual_seconds(self, dag_id: str) -> float | None:
        """How long a run of a DAG takes: the median of the last ten that ended well; None if none did."""

    def clock_runs(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """The runs of these DAGs, scheduled ones and backfills, in any state, that were due in that time.

        Each with ``due_at``; from ``since`` to ``until``, both included.
        """

    def runs_between(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Sequence[DagRun]:
        """The runs of these DAGs, of every type, that were in flight at any moment of that time.

        Each with ``ended_at``, unless it is in flight now. One that was cleared counts from then on only.
        """

    def ended_runs(
        self, dag_ids: Sequence[str], since: datetime, until: datetime, newest: int
    ) -> Sequence[EndedRun]:
        """The runs of these DAGs, of every type, that ended in that time: the ``newest`` of each.

        Oldest first, without ``tries``.
        """

    def tries(self, dag_id: str, run_id: str) -> int:
        """How often the tasks of a run were begun beyond their first time, all together; 0 if it is gone."""

    def heartbeats(self) -> Heartbeats:
        """When Airflow's parts last gave a sign of life."""

    def clear_failed(self, dag_id: str, run_id: str) -> bool:
        """Let the tasks of an ended run that failed, and those after them, run again, on the newest release.

        The run starts anew, and ends at another time than before.
        False if there is nothing to clear: the run is gone, did not fail, or was cleared already.
        """

    def import_errors(self) -> Sequence[ImportProblem]:
        """The files that Airflow cannot import now."""

    def busy(self) -> str | None:
        """Why the environment must not be touched now (MWAA ``UPDATING``, …), or None."""

    def options(self) -> Mapping[str, str] | None:
        """Airflow's own settings (``dag_processor.refresh_interval``); None if it does not tell.

        Those that have their default may be left out.
        """

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause or un-pause a DAG; nothing happens if it is so already.

        Once a pause has returned, no task of the DAG is started any more, but a run that the scheduler was
        just starting may still turn from queued to running, within a second or two. A DAG that Airflow does
        not know: fine.
        """

    def restart_run(self, dag_id: str, run_id: str) -> None:
        """Let a run begin anew: what it runs is stopped, and every task starts again when it may.

        Only while its DAG is paused, else ``Transient`` may be raised. Processes of its tasks live on for up
        to 15 s (a heartbeat, then 5 s each for SIGTERM and SIGKILL): un-pause no earlier. The run stays in
        flight and keeps its start. A run that is gone: fine. A run that ended is left alone, and so are the
        runs of other DAGs that an ``ExternalTaskMarker`` names.
        """

    def owed_by_assets(self, dag_id: str, after: datetime, until: datetime) -> bool:
        """Is a run missing because the DAG was paused, or not active, from ``after`` on?

        True if asset events after ``after`` and up to ``until``, with those that still wait in Airflow's
        queue, fulfil its asset condition, no run that assets started has used them, and the queue alone does
        not fulfil it (Airflow will start that run). ``after`` may be too early, and ``until`` too late, by
        seconds. Half a condition is not owed; asked again later, with the same ``after``, it may be.
        """

    def create_run(self, dag_id: str, run_id: str) -> None:
        """Create a manual run without a logical date; nothing happens if there is one with this id.

        ``run_id``: letters, digits and ``_.~:+-``. Asset events that were queued for the DAG before it count
        as used by it. It starts when the DAG is not paused.
        """

    def create_missing(self, dag_id: str, since: datetime, until: datetime, most: int) -> Sequence[datetime]:
        """Create the scheduled runs that are due and missing, with logical dates from ``since`` to ``until``.

        Where a trigger's timetable gives its runs an ``interval`` of data, the moments at which they are due
        count instead. Returns their logical dates, in order; asked again, none is missing. They start one
        after the other, when the DAG is not paused. ``Terminal`` if more than ``most`` are missing, if the
        DAG has no schedule, or if somebody else is at filling its gaps; then nothing was created.
        """


class StateStore(Protocol):
    """The memory of all environments: leases, states, journal, events."""

    def acquire(self, environment: str, holder: str, ttl_seconds: float) -> Lease:
        """Take the lease, with a token greater than every one before. ``Conflict`` while another holds it."""

    def release(self, lease: Lease, *, ticked: bool = False) -> None:
        """Give the lease back; nothing happens if it is no longer ours.

        ``ticked``: a tick had it; when, is told with every lease from then on.
        """

    def load(self, environment: str) -> EnvironmentState:
        """The state as last committed; an empty one for an environment never seen."""

    def commit(self, lease: Lease, changes: Changes) -> EnvironmentState:
        """Write state, operation, steps and events in one transaction, numbering and chaining the events.

        Only while ``lease`` is the newest of its environment, else ``Conflict`` and nothing is written.
        Returns the state with the new ``sequence`` and ``chain_hash``.
        """

    def append(self, environment: str, event: EventDraft) -> Event:
        """Add one event without a lease."""

    def mark_published(self, environment: str, sequence: int) -> None:
        """Remember that events up to ``sequence`` are on the bus. Never goes back."""

    def events(self, environment: str, after: int, limit: int) -> Sequence[Event]:
        """Events with a sequence greater than ``after``, oldest first."""

    def operations(self, environment: str, limit: int) -> Sequence[Operation]:
        """Every attempt ever made, newest first."""

    def steps(self, environment: str, attempt: int) -> Sequence[StepRecord]:
        """The journal of one attempt, in order."""


class EventBus(Protocol):
    """Where others listen."""

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver events in order, at least once."""


class Alarms(Protocol):
    """The alarms of the account."""

    def find(self, name: str) -> Alarm | None:
        """An alarm as it is now, single or composite; None if there is none of that name."""

    def ringing(self, names: Sequence[str]) -> Sequence[Alarm]:
        """Those of these alarms, up to a hundred, that say ALARM now; asked for by one call."""

    def value_at(self, name: str, at: datetime) -> AlarmValue | None:
        """What an alarm was at a time, as far as its history tells; None if it does not."""

    def window(self, name: str) -> timedelta | None:
        """How far back an alarm looks, a composite one as far as any in its rule; None if nobody tells."""


class HealthSources(Protocol):
    """What tells of one environment's health besides its Airflow."""

    def record(self, dag_ids: Sequence[str], since: datetime, until: datetime) -> Record | None:
        """What runs of these DAGs wrote down in the warehouse; None if the environment names no warehouse."""

    def platform(self, since: datetime, until: datetime) -> PlatformMetrics | None:
        """MWAA's own metrics; None for an Airflow that is not MWAA."""


class TickQueue(Protocol):
    """Asks for ticks."""

    def request(self, environment: str, triggered_by: TriggeredBy, hint: str, dedup: str) -> None:
        """Ask for one tick of an environment; the same ``dedup`` within five minutes asks only once."""


class Target(Protocol):
    """One environment of the platform, opened with the environment's own settings and role."""

    @property
    def folder(self) -> DagFolder: ...
    @property
    def airflow(self) -> Airflow: ...
    @property
    def support_digests(self) -> Mapping[str, str]:
        """Key → digest of the files that every deployment needs besides its own."""

    def writes(self, step: Step) -> Mapping[str, str | None]:
        """The keys a step is about to write, each with the digest of its body; None is a deletion."""

    def perform(
        self, step: Step, state: EnvironmentState, listing: Mapping[str, str], until: datetime
    ) -> StepResult:
        """Do a step, once, without waiting. Safe to repeat: what is already done is not done again.

        ``listing`` is what the folder held when the tick began; keys changed since raise ``Conflict``. So
        does every change that would begin at ``until`` (UTC) or later: the lease may be another's by then.
        """

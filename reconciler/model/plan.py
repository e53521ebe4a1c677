"""The plan: ordered steps from the live state to a release, as data. ``plan`` prints it, a tick runs it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.artifact import Digest
from reconciler.model.environment import AirflowSpec
from reconciler.model.reason import Described
from reconciler.model.release import DagId, Fingerprint, ReleaseId, ReleaseManifest
from reconciler.model.value import Value
from reconciler.model.verdict import Decision, Verdict


class HistoryEntry(Value):
    """Runs that start at ``since`` (UTC) or later use ``file`` of this release.

    ``archive_sha256`` proves the release's bytes; ``fingerprint`` says what the DAG is in it. ``absolved``:
    the release was condemned, but for other DAGs' code; this one's was that of the release gone back to.
    """

    release: ReleaseId
    archive_sha256: Digest
    file: str
    since: datetime
    fingerprint: str = ""
    absolved: bool = False


class DagPointer(Value):
    """What the small file ``<dag_id>.py`` in the DAG folder says. ``history`` is newest first.

    A run uses the newest entry that was due when it started.
    """

    dag_id: DagId
    history: tuple[HistoryEntry, ...] = Field(min_length=1)

    @property
    def release(self) -> ReleaseId:
        """The newest release of the history."""
        return self.history[0].release

    @property
    def file(self) -> str:
        """The file that defines the DAG in the newest release."""
        return self.history[0].file


class Action(StrEnum):
    """What happens to one DAG."""

    ADD = "add"
    UPDATE = "update"
    HEAL = "heal"
    PUT_BACK = "put-back"
    REPOINT = "re-point"
    REMOVE = "remove"


class ChangeClass(Described):
    """What a change of a DAG means for its runs in flight."""

    PINNED = "pinned", "Live at once: runs in flight finish on the release they started with."
    CALENDAR = "calendar", "As pinned, and the times at which runs are due change."
    DRAINED = "drained", "Waits until the DAG has no run in flight, because its graph changes."


class Change(Value):
    """One DAG that is not as it should be, and what will be done about it.

    ``change_class`` of an update says what it means for runs in flight, ``why`` what made it that.
    ``rolls_back``: it leaves code that no run may use any more. ``new_calendar``: its runs may be due at
    other times from then on.
    """

    dag_id: DagId
    action: Action
    from_release: ReleaseId | None = None
    to_release: ReleaseId | None = None
    change_class: ChangeClass | None = None
    rolls_back: bool = False
    new_calendar: bool = False
    why: tuple[str, ...] = ()

    @property
    def by_people(self) -> bool:
        """Does a commit ask for it? The rest puts back and tidies up."""
        return self.action in (Action.ADD, Action.UPDATE, Action.REMOVE)


class PutSupport(Value):
    """Write the loader and the ignore file, which every pointer needs."""

    kind: Literal["PutSupport"] = "PutSupport"
    keys: tuple[str, ...]


class PutRelease(Value):
    """Copy a sealed release's archive into the DAG folder: one object, however many files."""

    kind: Literal["PutRelease"] = "PutRelease"
    release: ReleaseId
    key: str


class Settle(Value):
    """Wait until every container can have copied these keys: nothing may point at them before."""

    kind: Literal["Settle"] = "Settle"
    keys: tuple[str, ...]
    seconds: float


class Flip(Value):
    """A pointer to write, and the fingerprint of the DAG behind it.

    ``new``: its newest entry begins with this write; else it says what it said before. ``new_calendar``: the
    DAG's runs may be due at other times from then on.
    """

    pointer: DagPointer
    fingerprint: Fingerprint
    new: bool = False
    new_calendar: bool = False


class Opening(Value):
    """A fence to open. ``ours``: it is we who pause the DAG; False: a person had paused it, and it stays so.

    ``next_run_at`` and ``next_logical_date``: which run Airflow means to start next.
    """

    ours: bool
    next_run_at: datetime | None = None
    next_logical_date: datetime | None = None


class Pause(Value):
    """Open a fence around idle DAGs, so that no run of theirs starts while they are flipped."""

    kind: Literal["Pause"] = "Pause"
    fences: dict[DagId, Opening]

    @property
    def ours(self) -> tuple[DagId, ...]:
        """The DAGs that we pause."""
        return tuple(sorted(dag_id for dag_id, opening in self.fences.items() if opening.ours))


class AwaitQuiet(Value):
    """Let pauses take effect, until then (UTC): a run that Airflow was just starting still starts."""

    kind: Literal["AwaitQuiet"] = "AwaitQuiet"
    dag_ids: tuple[DagId, ...]
    until: datetime


class Unpause(Value):
    """Close fences: from ``not_before`` (UTC) on, and of each DAG only when what is ``expected`` of it is so.

    ``expected`` is the release on which a DAG has to be active; None for one that must not be active. If it
    is ``patient``, nothing else waits for that.
    ``margin_seconds``: so far may Airflow's clock, by which it dates asset events, be from ours.
    """

    kind: Literal["Unpause"] = "Unpause"
    dag_ids: tuple[DagId, ...]
    expected: dict[DagId, ReleaseId | None] = {}
    not_before: datetime
    margin_seconds: float = 0
    patient: bool = True


class Straggler(Value):
    """A run in flight that started on a release which is condemned now."""

    dag_id: DagId
    run_id: str


class RestartRuns(Value):
    """Let runs of a condemned release begin anew. Their DAG is paused: they do when it is not any more."""

    kind: Literal["RestartRuns"] = "RestartRuns"
    runs: tuple[Straggler, ...]


class MissingRun(Value):
    """A scheduled run that is not there: when it was due, and the date that Airflow's backfill has for it."""

    due_at: datetime
    date: datetime


class CreateRuns(Value):
    """Create runs that are missing, by DAG; of a DAG without any, the one run that assets owe it.

    ``run_id`` is the id of those that assets owe. What does not answer until ``patient_until`` (UTC) is asked
    again by a later tick, and given up after that.
    """

    kind: Literal["CreateRuns"] = "CreateRuns"
    missing: dict[DagId, tuple[MissingRun, ...]]
    run_id: str
    patient_until: datetime


class FailedRun(Value):
    """A run that ended badly."""

    dag_id: DagId
    run_id: str


class ClearRuns(Value):
    """Let runs that failed run again, from the first task that failed on.

    ``second_try``: before their release is blamed; else it was taken back.
    What does not answer until ``patient_until`` (UTC) is asked again by a later tick, then given up.
    """

    kind: Literal["ClearRuns"] = "ClearRuns"
    runs: tuple[FailedRun, ...]
    patient_until: datetime
    second_try: bool = False


class FlipBatch(Value):
    """Write the pointers of some DAGs: what makes them change release, ``seconds`` later.

    Of those ``margin_seconds`` are for the clocks, and for the time that the write takes.
    """

    kind: Literal["FlipBatch"] = "FlipBatch"
    flips: tuple[Flip, ...]
    seconds: float
    margin_seconds: float


class DeletePointers(Value):
    """Delete the pointers of removed DAGs; their history in Airflow stays."""

    kind: Literal["DeletePointers"] = "DeletePointers"
    dag_ids: tuple[DagId, ...]


class DeleteReleases(Value):
    """Delete archives of releases that no pointer names any more."""

    kind: Literal["DeleteReleases"] = "DeleteReleases"
    keys: tuple[str, ...]


class AwaitParsed(Value):
    """Ask Airflow until each DAG is active and carries its release, or ``seconds`` have passed.

    ``activates``: a DAG that was not here before is un-paused then.
    """

    kind: Literal["AwaitParsed"] = "AwaitParsed"
    expected: dict[DagId, ReleaseId]
    seconds: float
    activates: bool = False


Step = Annotated[
    PutSupport
    | PutRelease
    | Settle
    | Pause
    | AwaitQuiet
    | FlipBatch
    | DeletePointers
    | AwaitParsed
    | RestartRuns
    | CreateRuns
    | ClearRuns
    | Unpause
    | DeleteReleases,
    Field(discriminator="kind"),
]


class Goal(Value):
    """Where to go: a commit, the release that it means, and the Airflow that is to run it.

    ``condemned`` are the releases that no run uses any more once it is reached, ``pinned`` the DAGs that stay
    on the release that they are on.
    """

    revision: str
    release: ReleaseManifest
    airflow: AirflowSpec
    condemned: frozenset[ReleaseId] = frozenset()
    pinned: frozenset[DagId] = frozenset()

    @property
    def flip_seconds(self) -> float:
        """From the write of a pointer until its release is used: every container has it by then."""
        return self.airflow.sync_seconds + self.airflow.clock_margin_seconds


class Plan(Value):
    """What has to change, what holds it back, and the steps that may run now, in order."""

    environment: str
    revision: str
    release: ReleaseId
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    steps: tuple[Step, ...] = ()

    def admitted_by(self, verdicts: tuple[Verdict, ...]) -> Plan:
        """The plan with the verdicts of gates that are asked before all others; nothing runs if one waits.

        A gate that is asked again of what is begun says so itself.
        """
        steps = self.steps if all(one.decision is Decision.GO for one in verdicts) else ()
        again = {one.gate for one in self.verdicts}
        first = (one for one in verdicts if one.gate not in again)
        return self.model_copy(update={"verdicts": (*first, *self.verdicts), "steps": steps})

    @property
    def stopped(self) -> bool:
        """Does a gate hold back everything?"""
        return any(verdict.decision is not Decision.GO and not verdict.dag_ids for verdict in self.verdicts)

    @property
    def waits(self) -> bool:
        """Does nothing begin of what people asked for, each part of it being held back?"""
        asked = {change.dag_id for change in self.changes if change.by_people}
        return self.stopped or (bool(asked) and asked <= self.held)

    @property
    def held(self) -> frozenset[str]:
        """The DAGs that have to change and may not yet."""
        ids: set[str] = set()
        for verdict in self.verdicts:
            if verdict.decision is not Decision.GO:
                ids.update(verdict.dag_ids or (change.dag_id for change in self.changes))
        return frozenset(ids)

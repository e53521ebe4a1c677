"""What the reconciler remembers of one environment between two ticks."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from reconciler.model.artifact import Digest
from reconciler.model.environment import Desired
from reconciler.model.errors import ReconcilerError
from reconciler.model.event import EventDraft
from reconciler.model.plan import DagPointer, FailedRun, Straggler
from reconciler.model.reason import ConditionType, Health, Phase, Reason, Sync, TriggeredBy
from reconciler.model.release import Fingerprint, ReleaseId
from reconciler.model.value import Value
from reconciler.model.verdict import Verdict
from reconciler.model.watch import Judgement, OpenAlarm, Rehearsal, Revert, Stable, Watch


class Condition(Value):
    """One observation about an environment. ``observed_revision`` behind the tip shows a dead reconciler."""

    type: ConditionType
    status: bool | None
    reason: Reason
    message: str
    observed_revision: str | None = None
    last_transition_at: datetime


class OwnedFile(Value):
    """A file that we wrote into the DAG folder: key relative to the folder, as it was at ``written_at``."""

    digest: str
    etag: str
    written_at: datetime


class LiveDag(Value):
    """What one DAG runs: its pointer, the fingerprint behind it, and whether Airflow was seen running it.

    ``verified``: since the last write that it depends on. ``proven``: ever, with this code. ``added``: it was
    not here before, and has not been seen running yet.
    """

    pointer: DagPointer
    fingerprint: Fingerprint
    verified: bool = False
    proven: bool = False
    added: bool = False
    flipped_at: datetime


class Fence(Value):
    """A DAG that is kept from starting runs while it is flipped. Written before the DAG is paused.

    ``ours``: we pause it, and un-pause it in the end; else it was paused before. ``next_run_at`` and
    ``next_logical_date``: the run that Airflow meant to start next at that time. ``flipped_at``: its pointer
    was written, or deleted, inside the fence. ``restarted``: the runs that were made to begin anew, the last
    of them at ``restarted_at``.
    """

    opened_at: datetime
    ours: bool
    next_run_at: datetime | None = None
    next_logical_date: datetime | None = None
    paused_at: datetime | None = None
    flipped_at: datetime | None = None
    restarted: tuple[str, ...] = ()
    restarted_at: datetime | None = None


class Rejected(Value):
    """What Airflow could not import: the DAG was put back, and is tried again when it differs from this."""

    release: ReleaseId
    fingerprint: Fingerprint
    message: str
    at: datetime


class Intent(Value):
    """A write that begins ``at``: the body's digest (None: a deletion), and what is live once it is done."""

    digest: str | None
    at: datetime | None = None
    flips: LiveDag | None = None
    removes: str | None = None


class Waiting(Value):
    """Since when a gate has kept a release waiting, and whether that was given up."""

    release: ReleaseId
    since: datetime
    gave_up: bool = False


class Outside(Value):
    """A commit of which nothing is begun before it is admitted: what all gates say of it.

    ``waiting``: since when, by gate, its ``change`` (the digest that an approval names) is kept waiting.
    """

    revision: str
    change: Digest
    gates: tuple[Verdict, ...] = ()
    waiting: dict[str, Waiting] = {}


class Accounting(Value):
    """The time whose runs are to be accounted for: ``until`` is when the deployment was over (None: not yet).

    ``written_at``: when something was last written that DAGs depend on, or a fence opened or closed.
    ``skipped`` are DAGs that came, went, were paused by a person, or whose calendar changed in that time.
    ``creating``: the runs that were found missing and that we set out to create, by DAG: when they were due,
    or nothing if assets owe the DAG a run. ``refused``: what could not be created, a line for each DAG.
    """

    since: datetime
    until: datetime | None = None
    written_at: datetime | None = None
    skipped: frozenset[str] = frozenset()
    creating: dict[str, tuple[datetime, ...]] = {}
    refused: dict[str, str] = {}


class Operation(Value):
    """One attempt to reach one commit; kept for ever, also when it failed.

    ``pinned``: DAGs that stay behind. ``rules``: what it changes of the rules, a line each. ``approvals``:
    who approved it, or broke the glass for it, in words; ``approved_by`` are their addresses, the last of
    them did at ``approved_at``, and ``glass_broken`` says that it was in an emergency.
    """

    attempt: int
    revision: str
    release: ReleaseId
    triggered_by: TriggeredBy
    initiated_by: str = ""
    subject: str = ""
    phase: Phase
    message: str
    plan_digest: str
    versions: dict[str, str] = {}
    pinned: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()
    glass_broken: bool = False
    approved_at: datetime | None = None
    steps: int = 0
    started_at: datetime
    finished_at: datetime | None = None


class StepRecord(Value):
    """One step of an operation in the journal: written before the effect, completed after it."""

    attempt: int
    number: int
    kind: str
    subject: str
    intended_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None


class Applied(Value):
    """A commit that was made live, with all that it said.

    ``pointer_of``: the later commit whose pointer and holds are in force with it, and whose rules are not.
    """

    revision: str
    pointer_of: str | None = None
    release: ReleaseId
    desired: Desired
    at: datetime
    author: str = ""
    subject: str = ""


class EnvironmentState(Value):
    """The whole memory of one environment.

    ``accepted`` is the last commit that was begun, and stays in force while a newer one cannot be, the
    ``changes``-th that changed anything;
    ``applied`` the last that was made live as a whole. ``past`` are the releases begun here, newest first;
    ``condemned`` those that were rolled back, ``was_live`` those that were live as a whole and neither rolled
    back nor quarantined since; ``going_back``: the newest is gone back to, and not live as a whole again.
    ``left`` is what was Stable and well when it was gone back from, as it was then, until another is begun.
    ``files`` are all keys we own in the DAG folder; ``intents`` the writes, by key, that began and are not
    known to have ended. ``fences`` and ``rejected`` are by DAG, and so is ``held``: since when runs in flight
    hold back its change. ``gates`` is what they all said of what is accepted while one of them holds
    something of it back, ``waiting`` since when, by gate; ``outside`` the same of a commit that is not.
    ``delivery`` is how Airflow was seen to run what was deployed; ``health`` is that, and how it is judged.
    ``accounting`` what of the last deployment is still to be looked at.
    ``watch`` is what became of the newest release that is live, or on its way; ``stable`` are the releases
    that passed their bake here, ``reverts`` what alarms took back, ``rehearsals`` how going back was tried,
    each newest first. ``alarm`` went off and waits for something, and those ``behind`` it for their turn;
    ``heard`` are the identities of those that were acted on, newest first. ``import_errors`` are the files
    that did not import when nothing was on its way. ``revert_tried_at``: when it was last tried whether an
    alarm could take anything back.
    """

    environment: str
    sequence: int = 0
    chain_hash: str = ""
    published_sequence: int = 0
    accepted: Applied | None = None
    changes: int = 0
    applied: Applied | None = None
    last_attempted_revision: str | None = None
    past: tuple[ReleaseId, ...] = ()
    condemned: frozenset[ReleaseId] = frozenset()
    was_live: frozenset[ReleaseId] = frozenset()
    going_back: bool = False
    left: Watch | None = None
    live: dict[str, LiveDag] = {}
    held: dict[str, datetime] = {}
    gates: tuple[Verdict, ...] = ()
    waiting: dict[str, Waiting] = {}
    outside: Outside | None = None
    fences: dict[str, Fence] = {}
    rejected: dict[str, Rejected] = {}
    files: dict[str, OwnedFile] = {}
    intents: dict[str, Intent] = {}
    conditions: dict[ConditionType, Condition] = {}
    sync: Sync = Sync.UNKNOWN
    delivery: Health = Health.MISSING
    operation: Operation | None = None
    accounting: Accounting | None = None
    watch: Watch | None = None
    stable: tuple[Stable, ...] = ()
    alarm: OpenAlarm | None = None
    behind: tuple[OpenAlarm, ...] = ()
    heard: tuple[str, ...] = ()
    reverts: tuple[Revert, ...] = ()
    rehearsals: tuple[Rehearsal, ...] = ()
    import_errors: frozenset[str] = frozenset()
    last_handled_at: datetime | None = None
    revert_tried_at: datetime | None = None

    @property
    def health(self) -> Health:
        """How what is live does. What was delivered as it should be is not well while it is judged Failed."""
        failed = self.watch is not None and self.watch.outcome is Judgement.FAILED
        return Health.DEGRADED if failed else self.delivery


class Changes(Value):
    """What one transaction of the state store writes, together or not at all."""

    state: EnvironmentState
    steps: tuple[StepRecord, ...] = ()
    events: tuple[EventDraft, ...] = ()


class StepResult(Value):
    """What a step did: files written (None: deleted), DAGs seen on their release, until when to wait.

    ``paused`` are DAGs whose fence is shut, ``restarted`` runs that begin anew, ``created`` those that were
    missing because their DAG was paused, a line for each; ``refused`` says of which DAGs runs could not be
    created, and what is left to do. ``cleared`` are ended runs that run again, ``uncleared`` says of others
    why they do not; nothing where there was nothing to clear.
    ``rejected`` are DAGs that Airflow cannot import, and what it says; ``unfenced`` those whose fence is
    closed. ``troubles`` went wrong beside it, and people are told. ``problems`` not empty means that the step
    ended and what it wanted is not so. ``error`` stopped it in the middle: the rest of this was done.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    written: dict[str, OwnedFile | None] = {}
    verified: frozenset[str] = frozenset()
    rejected: dict[str, str] = {}
    paused: frozenset[str] = frozenset()
    restarted: tuple[Straggler, ...] = ()
    created: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    cleared: tuple[FailedRun, ...] = ()
    uncleared: dict[FailedRun, str] = {}
    unfenced: frozenset[str] = frozenset()
    troubles: tuple[str, ...] = ()
    wait_until: datetime | None = None
    message: str = ""
    problems: tuple[str, ...] = ()
    error: ReconcilerError | None = None

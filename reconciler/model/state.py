"""What the reconciler remembers of one environment between two ticks."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.environment import Desired
from reconciler.model.event import EventDraft
from reconciler.model.plan import DagPointer
from reconciler.model.reason import ConditionType, Health, Phase, Reason, Sync, TriggeredBy
from reconciler.model.release import Fingerprint, ReleaseId
from reconciler.model.value import Value


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
    """What one DAG runs: its pointer, the fingerprint behind it, and whether Airflow was seen running it."""

    pointer: DagPointer
    fingerprint: Fingerprint
    verified: bool = False
    flipped_at: datetime


class Intent(Value):
    """A write that begins: the digest of the body (None: a deletion), and what is live once it is done."""

    digest: str | None
    flips: LiveDag | None = None
    removes: str | None = None


class Operation(Value):
    """One attempt to reach one commit; kept for ever, also when it failed."""

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
    """A commit that was made live, with all that it said."""

    revision: str
    release: ReleaseId
    desired: Desired
    at: datetime
    author: str = ""
    subject: str = ""


class EnvironmentState(Value):
    """The whole memory of one environment.

    ``accepted`` is the last commit that was begun, and stays in force while a newer one cannot be;
    ``applied`` the last that was made live as a whole. ``files`` are all keys we own in the DAG folder;
    ``intents`` the writes, by key, that began and are not known to have ended.
    """

    environment: str
    sequence: int = 0
    chain_hash: str = ""
    published_sequence: int = 0
    accepted: Applied | None = None
    applied: Applied | None = None
    last_attempted_revision: str | None = None
    live: dict[str, LiveDag] = {}
    files: dict[str, OwnedFile] = {}
    intents: dict[str, Intent] = {}
    conditions: dict[ConditionType, Condition] = {}
    sync: Sync = Sync.UNKNOWN
    health: Health = Health.MISSING
    operation: Operation | None = None
    last_handled_at: datetime | None = None


class Changes(Value):
    """What one transaction of the state store writes, together or not at all."""

    state: EnvironmentState
    steps: tuple[StepRecord, ...] = ()
    events: tuple[EventDraft, ...] = ()


class StepResult(Value):
    """What a step did: files written (None: deleted), DAGs seen on their release, until when to wait.

    ``problems`` not empty means that the step ended and what it wanted is not so.
    """

    written: dict[str, OwnedFile | None] = {}
    verified: frozenset[str] = frozenset()
    wait_until: datetime | None = None
    message: str = ""
    problems: tuple[str, ...] = ()

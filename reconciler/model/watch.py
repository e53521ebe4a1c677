"""What is remembered of a release that is being judged, and of those that were: part of the state."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.alarm import AlarmValue
from reconciler.model.health import SignalName, Weight
from reconciler.model.reason import Described
from reconciler.model.release import ReleaseId
from reconciler.model.seen import EndedRun
from reconciler.model.value import Value


class Judgement(Described):
    """What a measurement, a signal or a whole release comes to: the phases of Argo Rollouts' analysis."""

    SUCCEEDED = "Succeeded", "It is as it should be."
    FAILED = "Failed", "It is not as it should be."
    INCONCLUSIVE = "Inconclusive", "There is not enough to judge it by."
    ERROR = "Error", "What it is judged by could not be had."


class Measurement(Value):
    """One look at one signal: what it came to, the ``value`` and ``limit``, and what it was seen by.

    ``dags``: those it is about. ``message`` is one sentence for people. ``beside``: it is not as it should
    be, and that is not the release's doing. ``things``: what is bad, where it fails: DAGs, tables or tests;
    at most so many, the last of them then stands for the rest.
    """

    signal: SignalName
    outcome: Judgement
    message: str
    value: float | None = None
    limit: float | None = None
    dags: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    beside: bool = False
    things: tuple[str, ...] = ()


class Tally(Value):
    """What the measurements of one signal have come to since the release was flipped.

    ``failed`` are measurements of one trouble in a row; one that succeeds begins anew. ``errors`` likewise.
    ``last`` is the newest measurement, ``worst`` the one that failed last.
    """

    severity: Weight
    measured: int = 0
    failed: int = 0
    inconclusive: int = 0
    errors: int = 0
    outcome: Judgement = Judgement.INCONCLUSIVE
    last: Measurement | None = None
    worst: Measurement | None = None


class SecondTry(Value):
    """A run that failed is tried once more before its release is blamed. ``first``: how it ended at first.

    ``moved_at``: when it was asked for, when it was cleared, or when it was last seen in flight. ``refused``:
    None until a tick is through with it; then why it was not cleared, empty if it was, or had no need to be.
    """

    first: EndedRun
    moved_at: datetime
    refused: str | None = None


class Watch(Value):
    """A release that is live here, and what became of it so far.

    ``begun_at``: when the first of its writes began; ``live_at``: when it was live as a whole, or None.
    ``touched``: the DAGs that it changed, each with from when on its runs use it; also those that a release
    before it changed and that had not proven themselves yet. ``leaving``: those of a release before it that
    it changes anew, and has not flipped yet: nobody answers for them. ``added``: those of both that were new.
    ``ran``: of those, how many runs ended well since. ``errors_before``: files that did not import when it
    was begun. ``of``: the release that ran before it. ``rollback``: it was gone back to.
    ``lost``: DAGs that it did not change and that Airflow does not have, each since when.
    ``known``: what was not as it should be before it was begun, by signal: the things, or none if it is about
    none. ``second_tries``: by DAG, no more than one of each. ``recorded_at``: when the warehouse's record was
    last read. ``outcome`` is what all signals come to; ``failed_at`` since when it is Failed,
    ``recovered_at`` since when it is not any more. ``stable_at`` and ``verified_at``: since when it is that.
    """

    release: ReleaseId
    revision: str
    attempt: int
    of: ReleaseId | None = None
    rollback: bool = False
    begun_at: datetime
    live_at: datetime | None = None
    touched: dict[str, datetime] = {}
    leaving: dict[str, datetime] = {}
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    ran: dict[str, int] = {}
    errors_before: frozenset[str] = frozenset()
    lost: dict[str, datetime] = {}
    known: dict[SignalName, frozenset[str]] = {}
    second_tries: dict[str, SecondTry] = {}
    tallies: dict[SignalName, Tally] = {}
    outcome: Judgement = Judgement.INCONCLUSIVE
    checked_at: datetime | None = None
    recorded_at: datetime | None = None
    failed_at: datetime | None = None
    recovered_at: datetime | None = None
    stable_at: datetime | None = None
    verified_at: datetime | None = None


class Stable(Value):
    """A release that passed its bake here, with the commit whose pointer names it."""

    release: ReleaseId
    revision: str
    at: datetime
    verified_at: datetime | None = None


class OpenAlarm(Value):
    """An alarm that went off and is still to be acted on, since something stands in the way for a while.

    ``turned_at``: when it left OK; ``told_at``: when we first heard of it. ``before``: what it was then,
    where that was told. ``waits_for``: what people were told that it waits for; ``late_at``: when they were
    told that it takes long.
    """

    name: str
    reason: str
    turned_at: datetime
    told_at: datetime
    before: AlarmValue | None = None
    waits_for: str = ""
    late_at: datetime | None = None

    @property
    def identity(self) -> str:
        """As of the change that it was told by."""
        return f"{self.name}@{self.turned_at.isoformat()}"


class Revert(Value):
    """A revert that an alarm asked for: written down before the commit is pushed.

    ``commit`` None: it is not known yet whether it was pushed. ``blamed`` is the commit that is taken back,
    ``release`` the one that is condemned, ``to`` the Stable one. ``tried_at``: when it was last about to be
    pushed, since when it may still arrive. ``turned_at``: when the alarm went off,
    where that was told; ``committed_at``: when the commit was made.
    ``failed``: what was found wrong, a line each. ``ran``: the DAGs that ran condemned code, and since when;
    None: not looked at yet. ``clearing``: the runs, by DAG, that we set out to clear, ``cleared`` those that
    run again, ``uncleared`` a line for each that does not, and why; ``cleared_at``: none is left to clear.
    ``late_at``: people were told that it takes long. ``over_at``: something else was gone to in between.
    """

    alarm: str
    blamed: str
    release: ReleaseId
    to: ReleaseId
    intended_at: datetime
    commit: str | None = None
    tried_at: datetime | None = None
    live_at: datetime | None = None
    verified_at: datetime | None = None
    turned_at: datetime | None = None
    committed_at: datetime | None = None
    failed: tuple[str, ...] = ()
    ran: dict[str, datetime] | None = None
    clearing: dict[str, tuple[str, ...]] = {}
    cleared: dict[str, tuple[str, ...]] = {}
    uncleared: dict[str, str] = {}
    cleared_at: datetime | None = None
    late_at: datetime | None = None
    over_at: datetime | None = None


class Rehearsal(Value):
    """Rolling back from a release was tried here: to which one, when, and how long it took, in seconds.

    ``at``: when it was over. The seconds are from when each commit was found until it was live.
    """

    release: ReleaseId
    to: ReleaseId
    at: datetime
    back_seconds: float
    forth_seconds: float

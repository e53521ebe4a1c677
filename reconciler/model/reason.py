"""Every reason, condition type and status word, each with the sentence that explains it.

Used in conditions, events, logs, the command line and the docs; ``describe`` gives the sentence.
"""

from __future__ import annotations

from enum import StrEnum


class Described(StrEnum):
    """A string constant with a sentence of meaning."""

    def __new__(cls, value: str, sentence: str) -> Described:
        member = str.__new__(cls, value)
        member._value_ = value
        member.__doc__ = sentence
        return member

    @property
    def sentence(self) -> str:
        """What the constant means, in one sentence."""
        return self.__doc__ or ""


class Sync(Described):
    """Does the live state equal the desired state?"""

    SYNCED = "Synced", "The live state is what the last applied commit says."
    OUT_OF_SYNC = "OutOfSync", "The live state differs from what the tip says."
    UNKNOWN = "Unknown", "The live state could not be read."


class Health(Described):
    """How does what is live do?"""

    HEALTHY = "Healthy", "Every DAG is parsed, active and on the release it should run."
    PROGRESSING = "Progressing", "A change is on its way."
    DEGRADED = "Degraded", "Airflow does not run what was deployed, or what it runs is judged Failed."
    MISSING = "Missing", "Nothing was deployed here yet."
    UNKNOWN = "Unknown", "Health could not be judged."


class Phase(Described):
    """Where an operation stands."""

    PENDING = "Pending", "The operation waits to begin."
    RUNNING = "Running", "The operation is under way, or waits between two steps."
    SUCCEEDED = "Succeeded", "Everything the commit asks for is live and verified."
    FAILED = "Failed", "It was applied, and judged bad."
    ERROR = "Error", "It could not be applied or judged."


class ConditionType(Described):
    """The conditions an environment reports."""

    READY = "Ready", "The tip is live and verified."
    RECONCILING = "Reconciling", "The reconciler is at work, or waits, to reach the tip."
    STALLED = "Stalled", "The tip cannot be applied until a person changes something."
    SOURCE_VERIFIED = (
        "SourceVerified",
        "The tip descends from the last applied revision, signed if it has to be.",
    )
    PROMOTING = "Promoting", "What was verified in the environment before is committed here by itself."
    ADMITTED = (
        "Admitted",
        "The tip has what it needs before it is begun: signatures, approvals, verification upstream.",
    )
    FETCH_FAILED = "FetchFailed", "The environment repo or the artifact store could not be read."
    DRIFTED = "Drifted", "The live state was changed without a commit."
    HEALTHY = "Healthy", "Airflow runs what was deployed."
    QUIESCED = "Quiesced", "No conflicting DAG run is in flight."
    REACHABLE = "Reachable", "Git, AWS and Airflow answer."
    FENCED = "Fenced", "A DAG is paused by us while it is flipped."
    BAKED = "Baked", "What is live has been well for long enough to count as Stable."
    REVERTIBLE = "Revertible", "An alarm could take a release back: key, token and branch let it."


class Severity(Described):
    """How loudly an event speaks."""

    INFO = "info", "Something happened as it should."
    WARNING = "warning", "Somebody should know."
    ERROR = "error", "Somebody should act."


class TriggeredBy(Described):
    """What made the reconciler look."""

    COMMIT = "commit", "A commit of the environment repo, told by AWS CodeCommit."
    WEBHOOK = "webhook", "A push, told by a Git host's webhook."
    SCHEDULE = "schedule", "The sweep, each minute."
    DRIFT = "drift", "A live file was changed by somebody else."
    MANUAL = "manual", "A person ran `reconciler sync`."
    ALARM = "alarm", "An alarm went off, and a release was taken back."


class Reason(Described):
    """Why: the machine-readable half of every condition and event."""

    PROGRESSING = "Progressing", "A change is being applied."
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry", "Something outside failed; it is tried again by itself."
    RECONCILIATION_SUCCEEDED = "ReconciliationSucceeded", "The commit is live and verified."
    RECONCILIATION_FAILED = "ReconciliationFailed", "The commit could not be made live."
    ARTIFACT_FAILED = "ArtifactFailed", "An artifact or release is missing, not sealed, or fails its digest."
    HEALTH_CHECK_FAILED = "HealthCheckFailed", "What was deployed is not what Airflow runs."
    DRIFT_DETECTED = "DriftDetected", "A live file that we own was changed or deleted by somebody else."
    DRIFT_HEALED = "DriftHealed", "A file changed by somebody else was put back."
    GIT_OPERATION_FAILED = "GitOperationFailed", "The Git server could not be reached or refused."
    INVALID_CONFIGURATION = "InvalidConfiguration", "A file of the environment repo does not validate."
    REVISION_NOT_DESCENDANT = "RevisionNotDescendant", "The tip does not descend from the applied revision."
    IN_FLIGHT_RUNS = "InFlightRuns", "A DAG whose graph changes has runs in flight."
    OUTAGE_LASTS = "OutageLasts", "Something outside has not answered for over a quarter of an hour."
    DRAIN_TIMED_OUT = "DrainTimedOut", "Runs in flight hold back a change for longer than is allowed."
    FENCE_OPEN = "FenceOpen", "A DAG that we paused to change it is still paused."
    RUN_NOT_MADE_UP = "RunNotMadeUp", "A run that was due while we paused its DAG may be missing."
    RUNS_ACCOUNTED = "RunsAccounted", "Every run that was due around a deployment exists."
    RUN_MISSED = (
        "RunMissed",
        "A run that was due around a deployment, or that assets owe, does not exist or has not begun.",
    )
    RUNS_NOT_ACCOUNTED = (
        "RunsNotAccounted",
        "Whether every run exists that was due around a deployment could not be found out.",
    )
    RUNS_WOULD_BE_LOST = "RunsWouldBeLost", "A changed schedule takes runs away, and nobody said so."
    RUNS_CREATED = "RunsCreated", "Runs that were due around a deployment, and not there, were created."
    RUNS_RESTARTED = "RunsRestarted", "Runs of a release that was rolled back begin anew."
    SCHEDULED_RUN_IMMINENT = "ScheduledRunImminent", "A run is due before a DAG could be un-paused again."
    WINDOW_CLOSED = "WindowClosed", "A freeze is on, or no window for changes is."
    SIGNATURE_MISSING = "SignatureMissing", "The newest change of a file is not signed by somebody known."
    APPROVAL_PENDING = "ApprovalPending", "The change waits for people to approve it."
    APPROVED = "Approved", "Those who have to approved the change."
    RULES_CHANGED = "RulesChanged", "Other rules are in force: policies, roles, keys, or where Airflow is."
    BREAK_GLASS_USED = "BreakGlassUsed", "In an emergency, a change went without what the policy asks for."
    DEPENDENCY_NOT_READY = "DependencyNotReady", "A version has not been verified in the environment before."
    PROMOTED = "Promoted", "What was verified in the environment before was committed here."
    GATE_TIMED_OUT = "GateTimedOut", "A gate has kept a change waiting for longer than the policy allows."
    GATE_OPEN = "GateOpen", "The gate has nothing against the change."
    SUSPENDED = "Suspended", "A person told the reconciler to do nothing here."
    HOLD_ESTABLISHED = "HoldEstablished", "A person, or a revert, held the environment as it is."
    REVISION_QUARANTINED = "RevisionQuarantined", "The release failed here and may not be deployed again."
    ENVIRONMENT_BUSY = "EnvironmentBusy", "MWAA is updating the environment."
    LEASE_CONTENDED = "LeaseContended", "Another tick holds the environment's lease."
    FOREIGN_FILE = "ForeignFile", "A file that we did not write is in the way."
    SUPERSEDED = "Superseded", "A newer commit took over."
    PARTIAL_APPLY = "PartialApply", "Some DAGs are on the new release, others wait."
    OPERATION_RESUMED = "OperationResumed", "An operation that was interrupted is continued."
    BAKING = "Baking", "A release is live, and is watched before it counts as Stable."
    BECAME_STABLE = "BecameStable", "A release passed its bake: it is what an alarm goes back to."
    BECAME_VERIFIED = "BecameVerified", "Every DAG that a release changed has run well on it."
    HEALTH_INCONCLUSIVE = "HealthInconclusive", "A signal cannot be judged, for want of data."
    HEALTH_UNKNOWN = "HealthUnknown", "What a release is judged by could not be had."
    HEALTH_WARNING = "HealthWarning", "A signal is not as it should be, which alone takes no release back."
    HEALTH_RECOVERED = "HealthRecovered", "What was not as it should be is so again."
    SECOND_TRY = "SecondTry", "A run that failed is tried once more before its release is blamed for it."
    ALARM_RECEIVED = "AlarmReceived", "An alarm went off, and waits for something before it is acted on."
    REVERT_INTENDED = "RevertIntended", "An alarm takes a release back; its commit is about to be pushed."
    REVERT_COMMITTED = "RevertCommitted", "A release was taken back by a commit, since an alarm went off."
    ROLLBACK_SUPPRESSED = "RollbackSuppressed", "An alarm went off, and nothing is taken back for it."
    ROLLBACK_VERIFIED = "RollbackVerified", "What an alarm went back to is live, and well."
    ROLLBACK_NOT_VERIFIED = (
        "RollbackNotVerified",
        "What an alarm went back to is not live, or not seen to be well, for long.",
    )
    RUNS_CLEARED = "RunsCleared", "Runs that failed on a release which was taken back run again."
    REVERTER_REFUSED = (
        "ReverterRefused",
        "The identity that reverts asks for something else than a release that was Stable here.",
    )
    REVERT_POSSIBLE = "RevertPossible", "What an alarm needs to take a release back was tried, and is there."
    REVERT_IMPOSSIBLE = (
        "RevertImpossible",
        "An alarm could take nothing back: its key, its token or the branch does not let it.",
    )
    REHEARSED = "Rehearsed", "Going back from a release, and forth again, was tried."
    POISON_MESSAGE = "PoisonMessage", "A message in the queue is no request for a tick; it was dropped."


class Suppressed(Described):
    """Why nothing is taken back for an alarm: the guards, in the order in which they are asked."""

    TOO_MANY = "TooManyAlarms", "As many alarms wait already as are remembered."
    ALARM_OVER = "AlarmOver", "The alarm does not say ALARM any more."
    REVERTS_OFF = "RevertsOff", "The environment wants no automatic reverts."
    NO_REVERTER = "NoReverter", "There is no identity that reverts, or no key of it."
    SUSPENDED = "Suspended", "A person told the reconciler to do nothing here."
    NOTHING_WATCHED = "NothingWatched", "No release is being watched here."
    ALREADY_REVERTED = "AlreadyReverted", "The release was taken back already."
    NOT_ATTRIBUTABLE = "NotAttributable", "No DAG was changed by the release, or the alarm was not OK then."
    NOT_IN_BAKE = "NotInBake", "The release passed its bake: what alarms now is for people."
    REVERT_OF_REVERT = "RevertOfRevert", "The release was gone back to; a revert is never reverted."
    BREAKER_OPEN = "BreakerOpen", "As many releases were taken back in this time as the environment allows."
    TIP_NOT_TO_BLAME = "TipNotToBlame", "The tip of the branch asks for another release already."
    NOTHING_STABLE = "NothingStable", "There is no other release that was Stable here and still is there."
    HELD = "Held", "People hold the environment, and not at the release that would be gone back to."
    MIGRATION_IRREVERSIBLE = "MigrationIrreversible", "A migration in between cannot be taken back."
    CANNOT_COMMIT = "CannotCommit", "The commit that takes it back was refused."

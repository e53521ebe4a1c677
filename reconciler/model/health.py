"""What counts as well: the signals that are looked at after a change, and what an alarm may do.

Read from Git, part of ``environment.yaml``. The counters are those of Argo Rollouts' analysis: a measurement
that fails is counted, and only more of them than are allowed fail the release.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from reconciler.model.reason import Described
from reconciler.model.value import Value


class SignalName(Described):
    """What is looked at, each minute."""

    DAGS_PRESENT = "dags-present", "Every DAG that was deployed is known to Airflow and active."
    DAGS_PARSED = "dags-parsed", "Every changed DAG was parsed since it changed, and carries its release."
    IMPORT_ERRORS = "import-errors", "No file fails to import that did not fail before the change."
    FAILED_RUNS = "failed-runs", "Runs of changed DAGs end as well as they used to."
    FAILED_TASKS = "failed-tasks", "Tasks of changed DAGs are tried again no more often than before."
    MISSED_RUNS = "missed-runs", "Every run exists that a timetable promised, and has begun."
    SLOW_RUNS = "slow-runs", "Runs of changed DAGs take no longer than they used to."
    DATA_TESTS = "data-tests", "Tests of data that pipelines write down pass as they did before."
    VOLUME = "volume", "As many rows arrive as usual."
    NULL_RATE = "null-rate", "No more values are missing than usual."
    FRESHNESS = "freshness", "Tables are as fresh as they usually are."
    SCHEDULER = "scheduler", "Airflow's scheduler gives signs of life."
    DAG_PROCESSOR = "dag-processor", "Airflow's DAG processor gives signs of life."
    RECONCILER = "reconciler", "The reconciler looks at the environment each minute."
    PLATFORM = "platform", "MWAA's own metrics say that its environment is well."


SHARES = (SignalName.FAILED_RUNS,)
"""Signals whose limit is a share, from 0 to 1."""


class Weight(StrEnum):
    """What a signal that fails is worth."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


def _without_defaults(schema: dict[str, Any]) -> None:
    """Of these there is none that would be right for all signals."""
    for name in ("severity", "limit", "windowMinutes", "atLeast", "failureLimit"):
        del schema["properties"][name]["default"]


class SignalSpec(Value):
    """One signal: from where on it fails, and how often it may. What is left out is the signal's own.

    What ``limit`` is measured in is that, too: ``docs/spec/environment.md`` has a table.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    severity: Weight = Field(
        default=Weight.ERROR,
        description="error: the release is judged bad, and an alarm goes off. warning: people are told. off.",
    )
    limit: float = Field(default=0, ge=0, le=1_000_000, description="From where on a measurement fails.")
    window_minutes: float = Field(
        default=60, gt=0, le=60 * 24 * 31, description="How far back is looked, in minutes."
    )
    at_least: int = Field(
        default=1, ge=1, le=10_000, description="With fewer of what is looked at, nothing is judged."
    )
    failure_limit: int = Field(
        default=0, ge=0, le=1_000, description="So many measurements may fail before the signal does."
    )
    inconclusive_limit: int = Field(
        default=1_000_000,
        ge=0,
        le=1_000_000,
        description="So many may be neither good nor bad, for want of data, before people are told.",
    )
    consecutive_error_limit: int = Field(
        default=4,
        ge=0,
        le=1_000,
        description="So many in a row may not be had before people are told.",
    )


class Bake(Value):
    """How long a release has to be well before it is Stable."""

    minutes: float = Field(
        default=30, ge=0, le=60 * 24 * 7, description="So long it has to have run, in minutes."
    )
    runs: int = Field(
        default=1, ge=0, le=100, description="So many runs of each changed DAG have to have ended well."
    )
    longest_hours: float = Field(
        default=26,
        gt=0,
        le=24 * 40,
        description="After so many hours a changed DAG that has not run yet is waited for no longer, unless "
        "its first run is due within four days: the release is Stable, but not Verified, which takes a run "
        "of every changed DAG.",
    )


class Irreversible(StrEnum):
    """What an alarm does about a release whose migrations cannot be taken back."""

    PAGE = "page"
    DAGS_ONLY = "dags-only"


class RevertPolicy(Value):
    """What an alarm may do by itself."""

    automatic: bool = Field(
        default=True,
        description="An alarm brings back the last Stable release by a commit; else people are told only.",
    )
    at_most: int = Field(
        default=1,
        ge=1,
        le=10,
        description="So many automatic reverts in the period; then people are called.",
    )
    period_minutes: float = Field(
        default=360, gt=0, le=60 * 24 * 30, description="The period in which that is counted, in minutes."
    )
    alarms: tuple[Annotated[str, StringConstraints(min_length=1, max_length=255)], ...] = Field(
        default=(),
        max_length=50,
        description="Names of alarms of your own that may cause a revert, besides those of the stack.",
    )
    irreversible: Irreversible = Field(
        default=Irreversible.PAGE,
        description="What is done where a migration in between cannot be taken back. page: nothing, people "
        "are called. dags-only: everything but the migration goes back.",
    )
    clear_runs: bool = Field(
        default=True,
        description="Runs that failed on the release which is taken back are cleared, once, so that they run "
        "on the one before it.",
    )


class WarehouseRecord(Value):
    """Where the pipelines write down their runs and their tests: the schema OPS of one database.

    Signed in to with a key pair; the key is in Secrets Manager, never here.
    """

    account: str = Field(min_length=1, max_length=255, description="Snowflake's account identifier.")
    user: str = Field(min_length=1, max_length=255, description="A user that may read OPS, and no more.")
    role: str = Field(default="", max_length=255, description="Its role; without it the user's own.")
    warehouse: str = Field(default="", max_length=255, description="The virtual warehouse that is asked.")
    database: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_$]{0,254}$")] = Field(
        description="The database, in upper case."
    )
    key_secret: str = Field(
        min_length=1, max_length=255, description="Secrets Manager id of the private key, as PEM."
    )
    host: str = Field(
        default="", max_length=255, description="Another host than the account's own, with or without a port."
    )


class HealthSpec(Value):
    """What has to be so for what runs here to count as well, and what an alarm may do about it."""

    bake: Bake = Field(default_factory=Bake, description="How long a release has to be well.")
    signals: dict[SignalName, SignalSpec] = Field(
        default={},
        description="Signals that are judged otherwise than by default, by their name. What is left out of "
        "one stays as it is by default.",
    )
    second_try: bool = Field(
        default=True,
        description="A run of a DAG that runs seldom, and never failed before, is cleared, once, before its "
        "release is judged by it.",
    )
    revert: RevertPolicy = Field(default_factory=RevertPolicy, description="What an alarm may do.")
    record: WarehouseRecord | None = Field(
        default=None,
        description="Where runs and tests of data are written down; without it those signals are off.",
    )

    def of(self, name: SignalName) -> SignalSpec:
        """How one signal is judged here."""
        return self.signals.get(name, DEFAULTS[name])

    @field_validator("signals")
    @classmethod
    def _over_its_defaults(cls, given: dict[SignalName, SignalSpec]) -> dict[SignalName, SignalSpec]:
        """Who changes one limit of a signal has not said anything of its window."""
        return {
            name: DEFAULTS[name].model_copy(update={key: getattr(spec, key) for key in spec.model_fields_set})
            for name, spec in given.items()
        }

    @model_validator(mode="after")
    def _something_is_judged(self) -> HealthSpec:
        if all(self.of(name).severity is Weight.OFF for name in SignalName):
            raise ValueError("at least one signal that is not off")
        return self


def _spec(limit: float, severity: Weight = Weight.ERROR, **other: float) -> SignalSpec:
    return SignalSpec.model_validate({"limit": limit, "severity": severity, **other})


DEFAULTS: dict[SignalName, SignalSpec] = {
    SignalName.DAGS_PRESENT: _spec(0, failure_limit=2),
    SignalName.DAGS_PARSED: _spec(0, failure_limit=2),
    # A file that is read while it is replaced fails for one parse, 30 s. Into that two looks can fall, the
    # minute's and one that follows a flip, and not three.
    SignalName.IMPORT_ERRORS: _spec(0, failure_limit=2),
    SignalName.FAILED_RUNS: _spec(0.2, window_minutes=1440, failure_limit=0),
    SignalName.FAILED_TASKS: _spec(3, Weight.WARNING, window_minutes=1440, failure_limit=2),
    SignalName.MISSED_RUNS: _spec(0, window_minutes=180, failure_limit=2),
    SignalName.SLOW_RUNS: _spec(3, Weight.WARNING, window_minutes=1440, failure_limit=0),
    SignalName.DATA_TESTS: _spec(0, window_minutes=1440, failure_limit=0),
    SignalName.VOLUME: _spec(4, window_minutes=1440, at_least=5, failure_limit=0),
    SignalName.NULL_RATE: _spec(4, window_minutes=1440, at_least=5, failure_limit=0),
    SignalName.FRESHNESS: _spec(3, Weight.WARNING, window_minutes=1440, at_least=5, failure_limit=2),
    SignalName.SCHEDULER: _spec(120, failure_limit=2),
    SignalName.DAG_PROCESSOR: _spec(300, failure_limit=2),
    SignalName.RECONCILER: _spec(300, Weight.WARNING, failure_limit=1),
    SignalName.PLATFORM: _spec(0, Weight.WARNING, window_minutes=10, failure_limit=4),
}
"""How each signal is judged where nothing else is said."""

"""What an environment demands of a change before it is made. Read from Git, part of ``environment.yaml``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, NaiveDatetime, StringConstraints, field_validator, model_validator

from reconciler.model.people import Role
from reconciler.model.value import Value

WINDOW_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
_DAY, _MONTH = "(?:MO|TU|WE|TH|FR|SA|SU)", "(?:1[0-2]|[1-9])"
_DAY_OF_MONTH = "-?(?:3[01]|[12][0-9]|[1-9])"
_ANY = (
    rf"INTERVAL=[1-9][0-9]{{0,2}}|UNTIL=[0-9]{{8}}(?:T[0-9]{{6}})?|BYMONTH={_MONTH}(?:,{_MONTH})*|WKST={_DAY}"
)
_LONG = (
    rf"BYDAY=[+-]?[1-5]?{_DAY}(?:,[+-]?[1-5]?{_DAY})*|BYMONTHDAY={_DAY_OF_MONTH}(?:,{_DAY_OF_MONTH})*"
    r"|BYSETPOS=-?[1-9][0-9]?"
)
RULE = (
    rf"^FREQ=(?:(?:YEARLY|MONTHLY)(?:;(?:{_ANY}|{_LONG}))*"
    rf"|(?:WEEKLY|DAILY)(?:;(?:{_ANY}|BYDAY={_DAY}(?:,{_DAY})*))*)$"
)
"""An RFC 5545 recurrence rule. Parts that may name a day that never comes are only for months and years:
dateutil searches for it until the year 9999."""

YEARS = range(2000, 2101)
"""In which a window may begin: a rule is followed from there."""


class Window(Value):
    """A time that comes again by a rule: from ``start``, a clock time without zone, for ``hours``."""

    name: Annotated[str, StringConstraints(pattern=WINDOW_NAME)] = Field(description="What people call it.")
    start: NaiveDatetime = Field(
        description="When it is on first, as the clock of its timezone shows: 2026-01-31T18:00:00."
    )
    hours: float = Field(gt=0, le=24 * 366, description="For how long, in hours by that clock.")
    rule: Annotated[str, StringConstraints(pattern=RULE, max_length=100)] | None = Field(
        default=None,
        description="When it comes again, as an RFC 5545 rule: FREQ=MONTHLY;BYMONTHDAY=-1. Never without it.",
    )
    timezone: str = Field(default="UTC", description="Name of its timezone, such as Europe/Zurich.")

    @field_validator("start")
    @classmethod
    def _in_our_time(cls, start: datetime) -> datetime:
        if start.year not in YEARS:
            raise ValueError(f"a date from {YEARS[0]} to {YEARS[-1]}")
        return start


class Windows(Value):
    """When changes may be made here. A rollback does not wait for them."""

    freeze: tuple[Window, ...] = Field(default=(), max_length=10, description="No change is made in these.")
    allow: tuple[Window, ...] = Field(
        default=(), max_length=10, description="Changes are only made in these; none: always."
    )


class SourcePolicy(Value):
    """Who has to stand behind what the files say. Of a rollback too: who may push is not who may sign."""

    signed: bool = Field(
        default=False,
        description="The newest change of each file has to be signed by somebody in allowed_signers.",
    )


class ApprovalPolicy(Value):
    """Who has to agree to a change before it is made. A rollback needs nobody's agreement."""

    required: int = Field(default=0, ge=0, le=5, description="So many people have to approve a change.")
    roles: tuple[Role, ...] = Field(
        default=(), alias="from", max_length=20, description="They have one of these roles."
    )
    not_author: bool = Field(
        default=True, description="Nobody approves what they wrote, committed or signed themselves."
    )
    valid_hours: float = Field(
        default=72, gt=0, le=24 * 30, description="So long after it was signed an approval counts, in hours."
    )
    break_glass: tuple[Role, ...] = Field(
        default=(),
        max_length=20,
        description="Who has one of these roles may, in an emergency and with a reason, do without all that.",
    )

    @model_validator(mode="after")
    def _somebody_may(self) -> ApprovalPolicy:
        if self.required and not self.roles:
            raise ValueError("with `required`, at least one role in `from`")
        return self


class PromotionPolicy(Value):
    """What a version has to show in the environment before this one. A rollback needs nothing."""

    verified: bool = Field(
        default=False, description="Only what was verified in the environment before this one may run here."
    )
    stable: bool = Field(
        default=False,
        description="Only what passed its bake in the environment before this one may run here.",
    )
    rehearsed: bool = Field(
        default=False,
        description="Only what was gone back from in the environment before this one, for a try, may run.",
    )
    soak_minutes: float = Field(
        default=0, ge=0, le=60 * 24 * 30, description="So long it has to have run there, in minutes."
    )
    auto: bool = Field(
        default=False,
        description="What was verified there, and ran there so long, is committed here by itself.",
    )

    @property
    def asks(self) -> bool:
        """Does a version have to show anything?"""
        return self.verified or self.stable or self.rehearsed


class Gate(StrEnum):
    """The gates that may keep a change waiting."""

    SOURCE = "source"
    APPROVAL = "approval"
    PROMOTION = "promotion"
    WINDOW = "window"
    HOLD = "hold"
    BUSY = "busy"
    IN_FLIGHT = "in-flight"
    NEXT_RUN = "next-run"
    CALENDAR = "calendar"


class Then(StrEnum):
    """What is done when a gate has kept a change waiting for long enough."""

    KEEP_WAITING = "keep-waiting"
    FAIL = "fail"
    PROCEED = "proceed"


class Patience(Value):
    """For how long a gate may keep a change waiting, and what then."""

    after_minutes: float = Field(gt=0, le=60 * 24 * 30, description="For so long it may, in minutes.")
    then: Then = Field(
        default=Then.KEEP_WAITING,
        description="keep-waiting: people are told. fail: it is given up until another version is committed, "
        "or `reconciler sync` asks for it. proceed, for in-flight alone: the DAG changes under its runs.",
    )


class MissedRuns(StrEnum):
    """What is done about runs that are missing some minutes after a deployment."""

    REPORT = "report"
    CREATE = "create"


class Policy(Value):
    """What is demanded of a change: never by its own policy, but by that of a commit before it."""

    source: SourcePolicy = Field(
        default_factory=SourcePolicy, description="Who has to stand behind what the files say."
    )
    approval: ApprovalPolicy = Field(
        default_factory=ApprovalPolicy, description="Who has to agree to a change."
    )
    promotion: PromotionPolicy = Field(
        default_factory=PromotionPolicy, description="What a version has to show before it comes here."
    )
    patience: dict[Gate, Patience] = Field(
        default={}, description="For how long each gate may keep a change waiting; without: for ever."
    )
    missed_runs: MissedRuns = Field(
        default=MissedRuns.REPORT,
        description="What is done about runs that are missing some minutes after a deployment. report: "
        "people are told. create: they are created, each once, and people are told.",
    )

    @model_validator(mode="after")
    def _only_runs_are_run_over(self) -> Policy:
        for gate, patience in self.patience.items():
            if patience.then is Then.PROCEED and gate is not Gate.IN_FLIGHT:
                raise ValueError("`proceed` for in-flight alone")
        return self

    windows: Windows = Field(default_factory=Windows, description="When changes may be made.")

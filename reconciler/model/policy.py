"""What an environment demands of a change before it is made. Read from Git, part of ``environment.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NaiveDatetime, StringConstraints

from reconciler.model.value import Value

WINDOW_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
RULE = (
    r"^FREQ=((YEARLY|MONTHLY)(;(INTERVAL|UNTIL|BYDAY|BYMONTHDAY|BYMONTH|BYSETPOS)=[A-Z0-9,+-]+)*"
    r"|(WEEKLY|DAILY)(;(INTERVAL|UNTIL|BYDAY|BYMONTH|WKST)=[A-Z0-9,+-]+)*)$"
)
"""An RFC 5545 recurrence rule. Parts that may name a day that never comes are only for months and years:
dateutil searches for it until the year 9999."""


class Window(Value):
    """A time that comes again by a rule: from ``start``, a clock time without zone, for ``hours``."""

    name: Annotated[str, StringConstraints(pattern=WINDOW_NAME)] = Field(description="What people call it.")
    start: NaiveDatetime = Field(
        description="When it is on first, as the clock of its timezone shows: 2026-01-31T18:00:00."
    )
    hours: float = Field(gt=0, le=24 * 366, description="For how long, in hours by that clock.")
    rule: Annotated[str, StringConstraints(pattern=RULE, max_length=200)] | None = Field(
        default=None,
        description="When it comes again, as an RFC 5545 rule: FREQ=MONTHLY;BYMONTHDAY=-1. Never without it.",
    )
    timezone: str = Field(default="UTC", description="Name of its timezone, such as Europe/Zurich.")


class Windows(Value):
    """When changes may be made here. A rollback does not wait for them."""

    freeze: tuple[Window, ...] = Field(default=(), max_length=20, description="No change is made in these.")
    allow: tuple[Window, ...] = Field(
        default=(), max_length=20, description="Changes are only made in these; none: always."
    )


class Policy(Value):
    """What is demanded of a change. It is the policy of the commit that was applied last that counts."""

    windows: Windows = Field(default_factory=Windows, description="When changes may be made.")

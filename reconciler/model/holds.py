"""What automation has to stay away from, and why: a file that people, and a revert, write."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from reconciler.model.release import DagId, ReleaseId
from reconciler.model.value import Value

Who = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Why = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Reasoned(Value):
    """Something that a person decided."""

    by: Who = Field(description="Who decided it.")
    since: AwareDatetime = Field(description="When, with an offset: 2026-11-21T17:00:00Z.")
    reason: Why = Field(description="Why, for those who come upon it.")


class Hold(Reasoned):
    """No change but to one release."""

    at: ReleaseId | None = Field(
        default=None, description="The release that may be gone to, and stays; none: no change at all."
    )


class Quarantined(Reasoned):
    """A release that may not be deployed here."""

    release: ReleaseId = Field(description="Its id.")


class Pin(Reasoned):
    """One DAG that stays on the release that it runs, while the others move on."""

    dag: DagId = Field(description="The DAG's id.")
    release: ReleaseId = Field(description="The release that it stays on; the pin holds while it runs that.")


class Holds(Value):
    """``environments/<env>/holds.yaml``; without the file nothing is held."""

    api_version: Literal["reconciler/v1"] = Field(
        default="reconciler/v1", description="Version of this file's format."
    )
    kind: Literal["Holds"] = Field(default="Holds", description="What this file declares.")
    suspended: Reasoned | None = Field(
        default=None, description="The reconciler does nothing here at all, until this is taken out."
    )
    holds: tuple[Hold, ...] = Field(default=(), max_length=20, description="What is held.")
    pins: tuple[Pin, ...] = Field(
        default=(), max_length=100, description="DAGs that stay on the release that they run."
    )
    quarantine: tuple[Quarantined, ...] = Field(
        default=(), max_length=200, description="What may not be deployed here any more."
    )

    def let_go(self, before: Holds) -> bool:
        """Do these hold less than others did before, or something otherwise?"""
        pairs = (
            (before.holds, self.holds),
            (before.pins, self.pins),
            (before.quarantine, self.quarantine),
        )
        resumed = before.suspended is not None and before.suspended != self.suspended
        return resumed or any(one not in now for was, now in pairs for one in was)

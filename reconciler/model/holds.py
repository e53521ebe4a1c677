"""What automation has to stay away from, and why: a file that people, and a revert, write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, Field, StringConstraints

from reconciler.model.release import DagId, ReleaseId
from reconciler.model.value import Value

Who = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Why = Annotated[str, StringConstraints(min_length=1, max_length=500)]

MOST_HOLDS, MOST_PINS, MOST_QUARANTINED, MOST_BLAMED = 20, 100, 200, 100


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
    dags: tuple[DagId, ...] | None = Field(
        default=None,
        max_length=MOST_BLAMED,
        description="The DAGs that are to blame: no release that has one of them as this one has it is "
        "deployed either. Without them: none that has all as this one has them in which it differs from what "
        "runs.",
    )


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
    holds: tuple[Hold, ...] = Field(default=(), max_length=MOST_HOLDS, description="What is held.")
    pins: tuple[Pin, ...] = Field(
        default=(), max_length=MOST_PINS, description="DAGs that stay on the release that they run."
    )
    quarantine: tuple[Quarantined, ...] = Field(
        default=(), max_length=MOST_QUARANTINED, description="What may not be deployed here any more."
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

    def and_more(self, others: Holds) -> Holds:
        """These, and what others hold besides, up to as much as a file may say."""
        return Holds(
            suspended=self.suspended or others.suspended,
            holds=_united(self.holds, others.holds, lambda one: one.at, MOST_HOLDS),
            pins=_united(self.pins, others.pins, lambda one: (one.dag, one.release), MOST_PINS),
            quarantine=_united(self.quarantine, others.quarantine, lambda one: one.release, MOST_QUARANTINED),
        )


R = TypeVar("R", bound=Reasoned)


def _united(
    these: tuple[R, ...], others: tuple[R, ...], about: Callable[[R], object], most: int
) -> tuple[R, ...]:
    """Two that are about the same do the same: the one there was stays."""
    known = {about(one) for one in these}
    return (*these, *(one for one in others if about(one) not in known))[:most]

"""Where an alarm goes back to, and what lies in between."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.rollback import goes_back
from reconciler.model.artifact import Migration, Reversibility
from reconciler.model.release import ReleaseId
from reconciler.model.state import EnvironmentState
from reconciler.model.watch import Stable


def stable_before(state: EnvironmentState, bad: ReleaseId) -> tuple[Stable, ...]:
    """The releases but ``bad`` that passed their bake here, and to go to which is a rollback; newest first.

    What was rolled back, or quarantined, since then is none.
    """
    good = (one for one in state.stable if one.release != bad and one.release not in state.condemned)
    return tuple(one for one in good if goes_back(state, one.release))


def since_then(state: EnvironmentState, bad: ReleaseId, target: ReleaseId) -> tuple[ReleaseId, ...]:
    """The releases that were begun after the one that is gone back to, newest first."""
    past = state.past[: state.past.index(target)] if target in state.past else state.past
    return tuple(dict.fromkeys((bad, *past)))


def irreversible(kept: Iterable[Migration], others: Iterable[Migration]) -> tuple[str, ...]:
    """Of the migrations of other releases, those that the one which is gone back to has not, and that stay.

    One that loses data when it is taken back is for people to decide about.
    """
    known = {one.name for one in kept}
    stay = {
        one.name
        for one in others
        if one.name not in known and one.reversibility is not Reversibility.REVERSIBLE
    }
    return tuple(sorted(stay))

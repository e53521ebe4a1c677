"""What is gone to now: a commit as it stands, or, of one that may not be begun, what of it is a rollback.

Shared by a tick and by the commands that say what a tick would do.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from reconciler.core.rollback import goes_back
from reconciler.engine.admission import Admission, admission
from reconciler.engine.desired import Wanted, under_accepted_rules
from reconciler.engine.world import World
from reconciler.model.errors import Terminal, Transient
from reconciler.model.state import EnvironmentState


@dataclass(frozen=True)
class Course:
    """What is gone to, and what let it pass. ``whole``: all that the commit says, not only its rollback."""

    wanted: Wanted
    admitted: Admission
    whole: bool


def course(world: World, state: EnvironmentState, wanted: Wanted, admitted: Admission) -> Course | None:
    """What of a commit is gone to now; None: nothing of it, and what was accepted before stays.

    Only the rules that come with a rollback wait for people; what is signed of it is rolled back.
    """
    if not admitted.waiting:
        return Course(wanted, admitted, whole=True)
    if not goes_back(state, wanted.release.id):
        return None
    with contextlib.suppress(Transient, Terminal):
        back = under_accepted_rules(state, wanted)
        judged = admission(world, state, back) if back is not None else None
        if back is not None and judged is not None and not judged.waiting:
            return Course(back, judged, whole=False)
    return None
